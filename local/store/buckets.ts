import type { Handler } from './call.ts'
import { xmlDocument } from './xml.ts'

export const listBuckets: Handler = ({ catalogue }) => ({
  body: xmlDocument('ListAllMyBucketsResult', {
    Owner: { ID: 'local', DisplayName: 'local' },
    Buckets: {
      Bucket: catalogue
        .buckets()
        .map(({ name, created }) => ({ Name: name, CreationDate: new Date(created).toISOString() }))
        .sort((a, b) => (a.Name < b.Name ? -1 : 1))
    }
  })
})

export const createBucket: Handler = async ({ catalogue, bucket }) => {
  await catalogue.createBucket(bucket)
  return { headers: { location: `/${bucket}` } }
}

export const headBucket: Handler = ({ catalogue, bucket }) => {
  catalogue.bucket(bucket)
  return {}
}
