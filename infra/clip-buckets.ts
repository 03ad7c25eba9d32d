import { Duration, RemovalPolicy } from 'aws-cdk-lib'
import type * as kms from 'aws-cdk-lib/aws-kms'
import * as s3 from 'aws-cdk-lib/aws-s3'
import { Construct } from 'constructs'

export interface ClipBucketsProps {
  /** What becomes of the buckets when the stack goes: `keep` leaves them, `destroy` removes them once they are empty. */
  retention: 'keep' | 'destroy'
  /** How long a job's work in progress stays, and a clip that another took the place of, days. @default 7 */
  workDays?: number
  /** @default a key of S3 */
  encryptionKey?: kms.IKey
  /** Used instead of one that is made here, and not changed: it has to tell EventBridge of new objects and to keep versions. */
  uploads?: s3.IBucket
  results?: s3.IBucket
}

/**
 * The two buckets. Into `uploads` people put clips and tickets, and nothing of ours is ever written there; it tells
 * EventBridge of every new object. `results` holds work in progress below `jobs/`, for a while, and results.
 */
export class ClipBuckets extends Construct {
  readonly uploads: s3.IBucket
  readonly results: s3.IBucket

  constructor(scope: Construct, id: string, props: ClipBucketsProps) {
    super(scope, id)
    const { retention, workDays = 7, encryptionKey } = props
    const all: s3.BucketProps = {
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      removalPolicy: retention === 'keep' ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY
    }
    let logs: s3.Bucket | undefined
    const make = (name: string, more: s3.BucketProps) =>
      new s3.Bucket(this, name, {
        ...all,
        ...(encryptionKey
          ? { encryption: s3.BucketEncryption.KMS, encryptionKey, bucketKeyEnabled: true }
          : { encryption: s3.BucketEncryption.S3_MANAGED }),
        // S3 delivers logs to buckets with keys of its own alone.
        serverAccessLogsBucket: (logs ??= new s3.Bucket(this, 'AccessLogs', {
          ...all,
          encryption: s3.BucketEncryption.S3_MANAGED,
          lifecycleRules: [{ expiration: Duration.days(90) }]
        })),
        serverAccessLogsPrefix: `${name.toLowerCase()}/`,
        ...more
      })
    const abandoned: s3.LifecycleRule = { abortIncompleteMultipartUploadAfter: Duration.days(1) }
    this.uploads = props.uploads ?? this.makeUploads(make, abandoned, workDays)
    this.results =
      props.results ??
      make('Results', {
        lifecycleRules: [abandoned, { prefix: 'jobs/', expiration: Duration.days(workDays) }]
      })
  }

  private makeUploads(
    make: (name: string, props: s3.BucketProps) => s3.Bucket,
    abandoned: s3.LifecycleRule,
    workDays: number
  ) {
    // A job reads the very version that it was made for.
    const replaced: s3.LifecycleRule = { noncurrentVersionExpiration: Duration.days(workDays) }

    const uploads = make('Uploads', { versioned: true, lifecycleRules: [abandoned, replaced] })
    // `eventBridgeEnabled` would add a custom resource in Python for what is one property.
    const { defaultChild } = uploads.node
    ;(defaultChild as s3.CfnBucket).addPropertyOverride(
      'NotificationConfiguration.EventBridgeConfiguration.EventBridgeEnabled',
      true
    )
    return uploads
  }
}
