import { randomUUID } from 'node:crypto'
import type { ObjectCreated } from '../../events/upload.ts'
import type { Reason } from './call.ts'
import { sizeOf } from './state.ts'
import type { StoredObject } from './state.ts'

const account = '000000000000'

/** What EventBridge delivers for a new object ("Amazon S3 event notifications with EventBridge", ev-events). */
export const objectCreated = (
  bucket: string,
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
  resources: [`arn:aws:s3:::${bucket}`],
  detail: {
    version: '0',
    bucket: { name: bucket },
    object: {
      key: object.key,
      size: sizeOf(object),
      etag: object.etag,
      sequencer: object.sequencer.toString(16).toUpperCase().padStart(18, '0')
    },
    'request-id': requestId,
    requester: account,
    'source-ip-address': '127.0.0.1',
    reason
  }
})
