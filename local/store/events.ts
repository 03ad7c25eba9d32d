import { randomUUID } from 'node:crypto'
import type { ObjectCreated } from '../../events/upload.ts'
import type { Reason } from './call.ts'
import { sizeOf, versionOf } from './state.ts'
import type { Bucket, StoredObject } from './state.ts'

const account = '000000000000'

/** What EventBridge delivers for a new object ("Amazon S3 event notifications with EventBridge", ev-events). */
export const objectCreated = (
  { name, older }: Bucket,
  object: StoredObject,
  reason: Reason,
  { region, requestId }: { region: string; requestId: string }
): ObjectCreated => ({
  version: '0',
  id: randomUUID(),
  'detail-type': 'Object Created',
  source: 'aws.s3',
  account,
  time: new Date(object.modified).toISOString().replace(/\.\d+Z$/, 'Z'),
  region,
  resources: [`arn:aws:s3:::${name}`],
  detail: {
    version: '0',
    bucket: { name },
    object: {
      key: object.key,
      size: sizeOf(object),
      etag: object.etag,
      sequencer: versionOf(object),
      ...(older && { 'version-id': versionOf(object) })
    },
    'request-id': requestId,
    requester: account,
    'source-ip-address': '127.0.0.1',
    reason
  }
})
