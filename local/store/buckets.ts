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

export const headBucket: Handler = ({ catalogue, region, bucket }) => {
  catalogue.bucket(bucket)
  return { headers: { 'x-amz-bucket-region': region } }
}

export const bucketLocation: Handler = ({ catalogue, region, bucket }) => {
  catalogue.bucket(bucket)
  // The first region has no name here.
  return { body: xmlDocument('LocationConstraint', region === 'us-east-1' ? '' : region) }
}

export const bucketVersioning: Handler = ({ catalogue, bucket }) => ({
  body: xmlDocument('VersioningConfiguration', {
    Status: catalogue.bucket(bucket).older && 'Enabled'
  })
})
