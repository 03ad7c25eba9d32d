import * as iam from 'aws-cdk-lib/aws-iam'

/** A statement, to be read at a glance. */
export const allow = (actions: string[], resources: string[], conditions?: Record<string, unknown>) =>
  new iam.PolicyStatement({ actions, resources, ...(conditions && { conditions }) })

/**
 * Condition of listing: what lies below `jobs/`. A request for one object carries no prefix, and is told that it is not
 * there only by who may list; without `IfExists` it would be told that it may not know.
 */
export const onlyWork = { StringLikeIfExists: { 's3:prefix': 'jobs/*' } }
