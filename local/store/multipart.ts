import { createHash } from 'node:crypto'
import { namedAlgorithm } from './body.ts'
import type { Call, Handler } from './call.ts'
import { checksumField, createDigest } from './checksums.ts'
import { checkWrite } from './conditions.ts'
import { combineCrcs } from './crc.ts'
import type { Crc } from './crc.ts'
import { S3Error } from './errors.ts'
import { keptHeaders } from './kept.ts'
import { keyEncoding, limitOf } from './listing.ts'
import { checksumFields, checksumHeaders, versionHeaders } from './objects.ts'
import { compareKeys } from './sorted.ts'
import { sizeOf } from './state.ts'
import type { Checksum, OpenUpload, Part, Piece, StoredObject } from './state.ts'
import { elements, textOf, xmlDocument } from './xml.ts'

const mostParts = 10_000
const leastPartSize = 5 * 1024 ** 2

/** @throws S3Error NoSuchUpload */
export const uploadOf = ({ catalogue, bucket, key, query }: Call) =>
  catalogue.upload(bucket, key, query.get('uploadId')!)

/** The checksum that the upload will have: CRC64NVME is over the whole object always, SHA over the parts' always. */
const chosenChecksum = (headers: Record<string, string>) => {
  const algorithm = namedAlgorithm(headers)
  if (algorithm === undefined) return undefined
  const type = headers['x-amz-checksum-type'] ?? (algorithm === 'crc64nvme' ? 'FULL_OBJECT' : 'COMPOSITE')
  if (type !== 'FULL_OBJECT' && type !== 'COMPOSITE')
    throw new S3Error('InvalidRequest', 'x-amz-checksum-type')
  const never = type === 'COMPOSITE' ? ['crc64nvme'] : ['sha1', 'sha256']
  if (never.includes(algorithm)) throw new S3Error('InvalidRequest', `${algorithm} cannot be of type ${type}`)
  return { algorithm, type } as const
}

export const createUpload: Handler = async ({ catalogue, bucket, key, headers }) => {
  catalogue.bucket(bucket)
  const checksum = chosenChecksum(headers)
  const { id } = await catalogue.createUpload({
    bucket,
    key,
    headers: keptHeaders(headers),
    ...(checksum && { checksum })
  })
  return {
    headers: checksum && {
      'x-amz-checksum-algorithm': checksum.algorithm.toUpperCase(),
      'x-amz-checksum-type': checksum.type
    },
    body: xmlDocument('InitiateMultipartUploadResult', { Bucket: bucket, Key: key, UploadId: id })
  }
}

/** Makes a part of the upload that the query names of what `fill` writes. @throws S3Error NoSuchUpload, InvalidArgument */
export const makePart = (call: Call, fill: Call['receive']) => {
  const { catalogue, query } = call
  const upload = uploadOf(call)
  const number = Number(query.get('partNumber'))
  if (!(Number.isInteger(number) && number >= 1 && number <= mostParts))
    throw new S3Error('InvalidArgument', `partNumber must be 1 to ${mostParts}`)
  return catalogue.files.write(fill, async (piece, { md5, checksum }): Promise<Part> => {
    const part = {
      ...piece,
      number,
      etag: md5.toString('hex'),
      modified: Date.now(),
      ...(checksum && { checksum })
    }
    await catalogue.putPart(upload, part)
    return part
  })
}

export const uploadPart: Handler = async call => {
  const { etag, checksum } = await makePart(call, write =>
    call.receive(write, uploadOf(call).checksum?.algorithm)
  )
  return {
    headers: {
      etag: `"${etag}"`,
      ...(checksum && { [`x-amz-checksum-${checksum.algorithm}`]: checksum.value })
    }
  }
}

/** The parts that the request names, in its order, each found as it was uploaded. */
const namedParts = (xml: string, upload: OpenUpload): Part[] => {
  const named = elements(xml, 'Part')
  if (!named.length || named.length > mostParts) throw new S3Error('MalformedXML')
  const parts = named.map(item => {
    const part = upload.parts.get(Number(textOf(item, 'PartNumber')))
    const etag = textOf(item, 'ETag')
      ?.trim()
      .replace(/^"(.*)"$/, '$1')
    const checksum = part?.checksum && textOf(item, checksumField(part.checksum.algorithm))
    if (!part || part.etag !== etag || (checksum !== undefined && checksum !== part.checksum!.value))
      throw new S3Error('InvalidPart', `part ${textOf(item, 'PartNumber')}`)
    return part
  })
  if (parts.some((part, i) => i && part.number <= parts[i - 1].number)) throw new S3Error('InvalidPartOrder')
  const small = parts.slice(0, -1).find(({ size }) => size < leastPartSize)
  if (small) throw new S3Error('EntityTooSmall', '', { PartNumber: small.number, ProposedSize: small.size })
  return parts
}

/** S3's tag of a multipart object: the MD5 of the parts' MD5s, and their number. */
const etagOf = (parts: Part[]) => {
  const md5 = createHash('md5')
  for (const { etag } of parts) md5.update(etag, 'hex')
  return `${md5.digest('hex')}-${parts.length}`
}

/** The checksum of the object, from those of its parts: nothing is read again. */
const checksumOf = (upload: OpenUpload, parts: Part[]): Checksum | undefined => {
  if (!upload.checksum) return undefined
  const { algorithm, type } = upload.checksum
  const sums = parts.map(({ number, size, checksum }) => {
    if (checksum?.algorithm === algorithm) return { crc: Buffer.from(checksum.value, 'base64'), size }
    throw new S3Error(
      'InvalidRequest',
      `part ${number} came with another checksum than its upload's ${algorithm}`
    )
  })
  // `chosenChecksum` lets CRCs alone be of the whole.
  if (type === 'FULL_OBJECT')
    return { algorithm, type, value: combineCrcs(algorithm as Crc, sums).toString('base64') }
  const digest = createDigest(algorithm)
  for (const { crc } of sums) digest.update(crc)
  return { algorithm, type, value: `${digest.digest().toString('base64')}-${parts.length}` }
}

export const completeUpload: Handler = async call => {
  const { catalogue, bucket, key, headers } = call
  const upload = uploadOf(call)
  // x-amz-checksum-… tells of the object here, not of the body.
  const ownHeaders = Object.entries(headers).filter(([name]) => !name.startsWith('x-amz-checksum-'))
  const parts = namedParts(await call.receiveXml(Object.fromEntries(ownHeaders)), upload)
  const pieces = parts.map(({ file, size }): Piece => ({ file, size }))
  const checksum = checksumOf(upload, parts)
  const expected = checksum && headers[`x-amz-checksum-${checksum.algorithm}`]
  if (expected !== undefined && expected !== checksum?.value) throw new S3Error('BadDigest')
  const size = headers['x-amz-mp-object-size']
  if (size !== undefined && Number(size) !== sizeOf({ pieces }))
    throw new S3Error('InvalidRequest', 'x-amz-mp-object-size is not the size of the parts')

  const draft = { key, etag: etagOf(parts), pieces, headers: upload.headers, ...(checksum && { checksum }) }
  const allowed = (present?: StoredObject) => {
    checkWrite(headers, key, present)
    // A part may have been sent again in the meantime.
    if (parts.some(part => upload.parts.get(part.number) !== part)) throw new S3Error('InvalidPart')
  }
  const object = await catalogue.putObject(bucket, draft, allowed, upload.id)
  call.created(object, 'CompleteMultipartUpload')
  return {
    headers: { ...checksumHeaders(object), ...versionHeaders(call, bucket, object) },
    body: xmlDocument('CompleteMultipartUploadResult', {
      Location: `/${bucket}/${encodeURIComponent(key)}`,
      Bucket: bucket,
      Key: key,
      ETag: `"${object.etag}"`,
      ...checksumFields(object)
    })
  }
}

export const abortUpload: Handler = async call => {
  await call.catalogue.abortUpload(uploadOf(call))
  return { status: 204 }
}

export const listParts: Handler = call => {
  const { bucket, key, query } = call
  const upload = uploadOf(call)
  const limit = limitOf(query, 'max-parts')
  const marker = Number(query.get('part-number-marker') ?? 0)
  const parts = [...upload.parts.values()]
    .filter(({ number }) => number > marker)
    .sort((a, b) => a.number - b.number)
  const shown = parts.slice(0, limit)
  return {
    body: xmlDocument('ListPartsResult', {
      Bucket: bucket,
      Key: key,
      UploadId: upload.id,
      PartNumberMarker: marker,
      NextPartNumberMarker: shown.at(-1)?.number ?? marker,
      MaxParts: limit,
      IsTruncated: shown.length < parts.length,
      ChecksumAlgorithm: upload.checksum?.algorithm.toUpperCase(),
      ChecksumType: upload.checksum?.type,
      Part: shown.map(({ number, modified, etag, size, checksum }) => ({
        PartNumber: number,
        LastModified: new Date(modified).toISOString(),
        ETag: `"${etag}"`,
        Size: size,
        ...checksumFields({ checksum })
      }))
    })
  }
}

export const listUploads: Handler = ({ catalogue, bucket, query }) => {
  const { name } = catalogue.bucket(bucket)
  const encode = keyEncoding(query)
  const prefix = query.get('prefix') ?? ''
  const uploads = catalogue
    .uploads(name)
    .filter(({ key }) => key.startsWith(prefix))
    .sort((a, b) => compareKeys(a.key, b.key) || a.initiated - b.initiated)
  return {
    body: xmlDocument('ListMultipartUploadsResult', {
      Bucket: name,
      Prefix: encode(prefix),
      EncodingType: query.get('encoding-type') ?? undefined,
      MaxUploads: uploads.length,
      IsTruncated: false,
      Upload: uploads.map(({ key, id, initiated }) => ({
        Key: encode(key),
        UploadId: id,
        Initiated: new Date(initiated).toISOString(),
        StorageClass: 'STANDARD'
      }))
    })
  }
}
