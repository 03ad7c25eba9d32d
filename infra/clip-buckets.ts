import { Duration, RemovalPolicy } from 'aws-cdk-lib'
import * as s3 from 'aws-cdk-lib/aws-s3'
import { Construct } from 'constructs'

export interface ClipBucketsProps {
  /** What becomes of the buckets when the stack goes: `keep` leaves them, `destroy` removes them once they are empty. */
  retention: 'keep' | 'destroy'
  /** How long a job's work in progress stays, and a clip that another took the place of, days. @default 7 */
  workDays?: number
}

/**
 * The two buckets. Into `uploads` people put clips and tickets, and nothing of ours is ever written there; it tells
 * EventBridge of every new object. `results` holds work in progress below `jobs/`, for a while, and results.
 */
export class ClipBuckets extends Construct {
  readonly uploads: s3.Bucket
  readonly results: s3.Bucket

  constructor(scope: Construct, id: string, { retention, workDays = 7 }: ClipBucketsProps) {
    super(scope, id)
    const both: s3.BucketProps = {
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      encryption: s3.BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      removalPolicy: retention === 'keep' ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY
    }
    const abandoned: s3.LifecycleRule = { abortIncompleteMultipartUploadAfter: Duration.days(1) }

    // A job reads the very version that it was made for.
    const replaced: s3.LifecycleRule = { noncurrentVersionExpiration: Duration.days(workDays) }

    this.uploads = new s3.Bucket(this, 'Uploads', {
      ...both,
      versioned: true,
      lifecycleRules: [abandoned, replaced]
    })
    // `eventBridgeEnabled` would add a custom resource in Python for what is one property.
    const { defaultChild } = this.uploads.node
    ;(defaultChild as s3.CfnBucket).addPropertyOverride(
      'NotificationConfiguration.EventBridgeConfiguration.EventBridgeEnabled',
      true
    )
    this.results = new s3.Bucket(this, 'Results', {
      ...both,
      lifecycleRules: [abandoned, { prefix: 'jobs/', expiration: Duration.days(workDays) }]
    })
  }
}
