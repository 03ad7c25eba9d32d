import type { Handler } from './call.ts'
import { checkWrite } from './conditions.ts'
import { S3Error } from './errors.ts'
import { elements, textOf, xmlDocument } from './xml.ts'

// Conditions that S3 knows besides If-Match: of the header, and of an element of the list.
const refusedHeaders = ['x-amz-if-match-last-modified-time', 'x-amz-if-match-size']
const refusedElements = ['ETag', 'Size', 'LastModifiedTime']

export const deleteObject: Handler = async ({ catalogue, bucket, key, query, headers }) => {
  const refused = refusedHeaders.find(name => name in headers)
  if (refused !== undefined) throw new S3Error('NotImplemented', refused)
  const version = query.get('versionId') ?? undefined
  await catalogue.deleteObject(bucket, key, present => checkWrite(headers, key, present), version)
  return { status: 204 }
}

const mostDeletions = 1000

export const deleteObjects: Handler = async ({ catalogue, bucket, headers, receiveXml }) => {
  if (!Object.keys(headers).some(name => name === 'content-md5' || /^x-amz-checksum-(crc|sha)/.test(name)))
    throw new S3Error('InvalidRequest', 'Content-MD5 or a checksum is missing')
  const xml = await receiveXml()
  const listed = elements(xml, 'Object')
  const refused = refusedElements.find(name => listed.some(object => elements(object, name).length))
  if (refused !== undefined) throw new S3Error('NotImplemented', `${refused} of an object`)
  const named = listed.map(object => ({
    Key: textOf(object, 'Key') ?? '',
    VersionId: textOf(object, 'VersionId')
  }))
  if (!named.length || named.length > mostDeletions || named.some(({ Key }) => !Key))
    throw new S3Error('MalformedXML')
  await Promise.all(
    named.map(({ Key, VersionId }) => catalogue.deleteObject(bucket, Key, () => undefined, VersionId))
  )
  const quiet = textOf(xml, 'Quiet')?.trim() === 'true'
  return { body: xmlDocument('DeleteResult', { Deleted: quiet ? [] : named }) }
}
