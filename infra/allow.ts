import * as iam from 'aws-cdk-lib/aws-iam'

/** A statement, to be read at a glance. */
export const allow = (actions: string[], resources: string[], conditions?: Record<string, unknown>) =>
  new iam.PolicyStatement({ actions, resources, ...(conditions && { conditions }) })
