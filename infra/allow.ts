import type * as events from 'aws-cdk-lib/aws-events'
import * as iam from 'aws-cdk-lib/aws-iam'
import type * as s3 from 'aws-cdk-lib/aws-s3'

/** A statement, to be read at a glance. */
export const allow = (actions: string[], resources: string[], conditions?: Record<string, unknown>) =>
  new iam.PolicyStatement({ actions, resources, ...(conditions && { conditions }) })

/** What writing an object takes: in parts, a broken upload is removed. */
export const put = ['s3:PutObject', 's3:AbortMultipartUpload']

/**
 * Condition of listing: what lies below prefixes. A request for one object may carry no prefix, and is told that it is not
 * there only by who may list; without `IfExists` it would be told that it may not know.
 */
export const onlyBelow = (...prefixes: string[]) => ({
  StringLikeIfExists: { 's3:prefix': prefixes.map(prefix => `${prefix}*`) }
})

/** What `infer` needs wherever it runs: the work of jobs, models of the model store, and to announce how far it is. */
export const inferRights = (results: s3.IBucket, bus: events.IEventBus) => [
  allow(['s3:GetObject', ...put], [results.arnForObjects('jobs/*')]),
  allow(['s3:GetObject'], [results.arnForObjects('models/*')]),
  allow(['s3:ListBucket'], [results.bucketArn], onlyBelow('jobs/', 'models/')),
  allow(['events:PutEvents'], [bus.eventBusArn])
]
