import { z } from 'zod'

/** An object that somebody put into the uploads bucket, whichever way the news of it came. */
export const upload = z.strictObject({
  bucket: z.string().min(1),
  key: z.string().min(1).max(1024),
  bytes: z.int().nonnegative(),
  /** Content tag without quotes. */
  etag: z.string().min(1),
  version: z.string().optional(),
  /** Orders the events of one key: hexadecimal, compared after padding to one length. */
  sequencer: z.string().optional()
})
export type Upload = z.infer<typeof upload>

/** What an event tells of an upload; not all of them say how large it is. */
export type ToldUpload = Omit<Upload, 'bytes'> & {
  bytes?: number
  /** What a search for malware came to, where it did not find the upload clean. */
  suspect?: string
}

/** S3's 'Object Created' as EventBridge delivers it; the key is plain text. Fields that AWS may add are let through. */
export const objectCreated = z.looseObject({
  'detail-type': z.literal('Object Created'),
  source: z.literal('aws.s3'),
  id: z.string(),
  time: z.string(),
  detail: z.looseObject({
    bucket: z.looseObject({ name: z.string() }),
    object: z.looseObject({
      key: z.string(),
      size: z.int().nonnegative(),
      etag: z.string(),
      'version-id': z.string().optional(),
      sequencer: z.string().optional()
    }),
    reason: z.string().optional()
  })
})
export type ObjectCreated = z.infer<typeof objectCreated>

/** S3's own notification; its keys are URL-encoded, with + for a space. */
const s3Notification = z.looseObject({
  Records: z.array(
    z.looseObject({
      eventSource: z.literal('aws:s3'),
      eventName: z.string(),
      s3: z.looseObject({
        bucket: z.looseObject({ name: z.string() }),
        object: z.looseObject({
          key: z.string(),
          size: z.int().nonnegative().default(0),
          eTag: z.string(),
          versionId: z.string().optional(),
          sequencer: z.string().optional()
        })
      })
    })
  )
})

/** GuardDuty's word on an upload that waited for it. */
const scanned = z.looseObject({
  'detail-type': z.literal('GuardDuty Malware Protection Object Scan Result'),
  source: z.literal('aws.guardduty'),
  detail: z.looseObject({
    s3ObjectDetails: z.looseObject({
      bucketName: z.string(),
      objectKey: z.string(),
      eTag: z.string(),
      versionId: z.string().optional()
    }),
    scanResultDetails: z.looseObject({ scanResultStatus: z.string() })
  })
})

const fromScanned = ({
  detail: { s3ObjectDetails, scanResultDetails }
}: z.infer<typeof scanned>): ToldUpload[] => {
  const { scanResultStatus } = scanResultDetails
  return [
    {
      bucket: s3ObjectDetails.bucketName,
      key: s3ObjectDetails.objectKey,
      etag: s3ObjectDetails.eTag,
      version: s3ObjectDetails.versionId,
      ...(scanResultStatus !== 'NO_THREATS_FOUND' && { suspect: scanResultStatus })
    }
  ]
}

const fromObjectCreated = ({ detail: { bucket, object } }: ObjectCreated): ToldUpload => ({
  bucket: bucket.name,
  key: object.key,
  bytes: object.size,
  etag: object.etag,
  version: object['version-id'],
  sequencer: object.sequencer
})

const fromNotification = ({ Records }: z.infer<typeof s3Notification>): ToldUpload[] =>
  Records.filter(record => record.eventName.startsWith('ObjectCreated:')).map(
    ({ s3: { bucket, object } }) => ({
      bucket: bucket.name,
      key: decodeURIComponent(object.key.replaceAll('+', ' ')),
      bytes: object.size,
      etag: object.eTag,
      version: object.versionId,
      sequencer: object.sequencer
    })
  )

const told = z.union([
  objectCreated.transform(event => [fromObjectCreated(event)]),
  s3Notification.transform(fromNotification),
  scanned.transform(fromScanned)
])

/** Messages of an SQS queue in which such events wait. */
const queued = z.looseObject({
  Records: z.array(
    z.looseObject({
      eventSource: z.literal('aws:sqs'),
      body: z.string().transform(parseJson).pipe(told)
    })
  )
})

function parseJson(text: string, ctx: z.RefinementCtx): unknown {
  try {
    return JSON.parse(text)
  } catch {
    ctx.addIssue({ code: 'custom', message: 'it is not JSON' })
    return z.NEVER
  }
}

/**
 * Any event that tells of uploads: through EventBridge, S3's own notification (one or many records), or GuardDuty's word
 * on one; or such events out of a queue.
 */
export const uploadEvent = z.union([
  told,
  queued.transform(({ Records }) => Records.flatMap(({ body }) => body))
])
