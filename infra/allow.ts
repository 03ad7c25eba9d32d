import * as iam from 'aws-cdk-lib/aws-iam'

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
