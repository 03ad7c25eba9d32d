import { isDiskFull } from '../../events/faults.ts'
import { Unsure } from './files.ts'

/** The S3 error codes that the store answers with: HTTP status and the sentence of the XML body. */
const codes = {
  AccessDenied: [403, 'Access denied'],
  AccessForbidden: [403, 'The CORS rules of the bucket do not allow this request'],
  AuthorizationHeaderMalformed: [400, 'The Authorization header or the presigned query is malformed'],
  BadDigest: [400, 'The checksum that was sent does not match the content'],
  BadRequest: [400, 'The preflight request is not valid'],
  BucketAlreadyOwnedByYou: [409, 'The bucket exists already and is yours'],
  EntityTooLarge: [400, 'The content is larger than 5 GiB, or than the policy of its form allows'],
  EntityTooSmall: [
    400,
    'A part other than the last has less than 5 MiB, or an object less than the policy asks for'
  ],
  IncompleteBody: [400, 'The body ended before the announced length'],
  InsufficientStorage: [507, 'The disk of the store is full'],
  InternalError: [500, 'The store met an internal error'],
  InvalidAccessKeyId: [403, 'The access key is not known here'],
  InvalidArgument: [400, 'An argument is not valid'],
  InvalidBucketName: [400, 'The bucket name is not valid'],
  InvalidDigest: [400, 'Content-MD5 or a checksum is not valid base64 of its length'],
  InvalidPart: [400, 'A part was not found, or its tag or checksum does not match'],
  InvalidPartOrder: [400, 'The parts are not in ascending order'],
  InvalidPolicyDocument: [400, 'The policy of the form is not valid'],
  InvalidRange: [416, 'The range cannot be satisfied'],
  InvalidRequest: [400, 'The request is not valid'],
  InvalidURI: [400, 'The address cannot be decoded'],
  KeyTooLongError: [400, 'A key may have at most 1024 bytes'],
  MalformedXML: [400, 'The XML of the body is not what this request needs'],
  MalformedPOSTRequest: [400, 'The body is not well-formed multipart/form-data'],
  MaxMessageLengthExceeded: [400, 'The XML of the body is too long'],
  MetadataTooLarge: [400, 'User metadata may have at most 2 KiB'],
  MissingContentLength: [411, 'Content-Length, or x-amz-decoded-content-length, is missing'],
  NoSuchCORSConfiguration: [404, 'The bucket has no CORS rules'],
  NoSuchBucket: [404, 'The bucket does not exist'],
  NoSuchKey: [404, 'The key does not exist'],
  NoSuchVersion: [404, 'The key has no such version'],
  NoSuchUpload: [404, 'The multipart upload does not exist: it was completed or aborted, or never begun'],
  NotImplemented: [501, 'This store does not know that request'],
  NotModified: [304, 'Not modified'],
  PreconditionFailed: [412, 'A condition of the request does not hold'],
  RequestTimeTooSkewed: [403, "The request's time differs from the store's by more than 15 minutes"],
  SignatureDoesNotMatch: [
    403,
    'The signature does not match: check the secret key and how the request was signed'
  ],
  XAmzContentSHA256Mismatch: [400, 'x-amz-content-sha256 does not match the content']
} as const

type S3Code = keyof typeof codes

/** An answer other than success, in S3's own terms. `fields` are further elements of the XML body. */
export class S3Error extends Error {
  readonly code: S3Code
  readonly status: number
  readonly fields: Record<string, string | number>

  constructor(
    code: S3Code,
    detail = '',
    fields: Record<string, string | number> = {},
    options?: ErrorOptions
  ) {
    super(codes[code][1] + (detail && `: ${detail}`), options)
    this.name = code
    this.code = code
    this.status = codes[code][0]
    this.fields = fields
  }
}

/**
 * What to answer for any failure. A full disk is 507: clients repeat a request after 500, 502, 503 and 504 only,
 * and repeating does not make room.
 */
export const asS3Error = (error: unknown): S3Error => {
  if (error instanceof S3Error) return error
  if (error instanceof Unsure) return asS3Error(error.cause)
  const { code = '', message } = error as NodeJS.ErrnoException
  return isDiskFull(code)
    ? new S3Error('InsufficientStorage', '', {}, { cause: error })
    : new S3Error('InternalError', message, {}, { cause: error })
}
