import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { announcement } from '../../events/announcement.ts'
import { frameTable, segment } from '../../events/clip.ts'
import { job, sideFile, ticket } from '../../events/job.ts'
import { manifest } from '../../events/manifest.ts'
import { plan } from '../../events/plan.ts'
import { detectionRow, rowsOf, trackRow } from '../../events/rows.ts'
import { uploadEvent } from '../../events/upload.ts'

const folder = path.resolve(import.meta.dirname, '../../events/examples')
const example = (name: string): unknown => JSON.parse(readFileSync(path.join(folder, name), 'utf8'))

const schemas: Record<string, z.ZodType> = {
  's3-object-created.json': uploadEvent,
  's3-notification.json': uploadEvent,
  'malware-scan.json': uploadEvent,
  'upload-queued.json': uploadEvent,
  'ticket.job.json': ticket,
  'side-file.json': sideFile,
  'job.json': job,
  'plan.json': plan,
  'segment.json': segment,
  'frame-table.json': frameTable,
  'rows-detect.json': rowsOf(detectionRow),
  'rows-associate.json': rowsOf(trackRow),
  'manifest.json': manifest
}
const schemaOf = (name: string) =>
  schemas[name] ?? (name.startsWith('announcement-') ? announcement : undefined)

describe('the examples of what crosses a boundary', () => {
  it.each(globSync('*.json', { cwd: folder }))('%s is of its schema', name => {
    expect(schemaOf(name)?.safeParse(example(name))).toMatchObject({ success: true })
  })

  it('show every kind of announcement', () => {
    const shown = globSync('announcement-*.json', { cwd: folder }).map(
      name => (example(name) as { type: string }).type
    )
    expect(shown.toSorted()).toEqual(announcement.options.map(({ shape }) => shape.type.value).toSorted())
  })
})

describe('news of an upload', () => {
  const upload = {
    bucket: 'clipmill-uploads',
    key: 'track-many/finals 2026/semi + final.mp4',
    bytes: 1451957,
    etag: '1db4a56ba178d1d6fc3dcd39934f1448',
    version: 'IYV3p45BT0ac8hjHg1houSdS1a.Mro8e',
    sequencer: '00617F08299329D189'
  }

  it('means the same by EventBridge, where keys are plain, and by S3’s own notification, where they are encoded', () => {
    expect(uploadEvent.parse(example('s3-object-created.json'))).toEqual([upload])
    // The removal in the same batch is none of our business.
    expect(uploadEvent.parse(example('s3-notification.json'))).toEqual([upload])
  })

  it('comes from GuardDuty too, without size, where uploads wait for it, and says what was not found clean', () => {
    const scan = example('malware-scan.json') as { detail: object }
    const { bucket, key, etag, version } = upload
    expect(uploadEvent.parse(scan)).toEqual([{ bucket, key, etag, version }])
    const scanResultDetails = { scanResultStatus: 'THREATS_FOUND' }
    expect(uploadEvent.parse({ ...scan, detail: { ...scan.detail, scanResultDetails } })).toEqual([
      { bucket, key, etag, version, suspect: 'THREATS_FOUND' }
    ])
  })

  it('waits in a queue, from which it comes as it went in', () => {
    expect(uploadEvent.parse(example('upload-queued.json'))).toEqual([upload])
  })

  it('is refused in any other form', () => {
    expect(uploadEvent.safeParse({ Records: [{ eventSource: 'aws:sqs', body: 'soon' }] }).success).toBe(false)
    expect(uploadEvent.safeParse({ Records: [{ s3: {} }] }).success).toBe(false)
  })
})
