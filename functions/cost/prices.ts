/**
 * What AWS charges in us-east-1, US dollars, without the free tiers; every figure that we name is computed from this table.
 * Copies by third parties of the pages named: check yours. Prices differ by region.
 */
export const prices = {
  date: '2026-11-23',
  currency: 'USD',
  /** https://aws.amazon.com/lambda/pricing */
  lambda: {
    /** A second of 1,024 MB. */
    gbSecond: { arm64: 0.0000133334, x64: 0.0000166667 },
    request: 0.2 / 1e6,
    /** A second of 1,024 MB of /tmp above the first 512. */
    scratchGbSecond: 0.0000000309
  },
  /** https://aws.amazon.com/ec2/pricing/on-demand: an hour of the smallest instance with a GPU, g4dn.xlarge (NVIDIA T4) */
  gpuHour: 0.526,
  /** https://aws.amazon.com/lambda/pricing: what managed instances cost more than the instances themselves */
  managedInstances: 1.15,
  /** https://aws.amazon.com/step-functions/pricing, of standard workflows */
  transition: 0.025 / 1000,
  /** https://aws.amazon.com/s3/pricing, price list of 2026-09-28: PUT and LIST; GET and HEAD; standard storage */
  s3: { put: 0.005 / 1000, get: 0.0004 / 1000, gbMonth: 0.023 },
  /** https://aws.amazon.com/eventbridge/pricing, of events of 64 KB at most; that S3's own cost as much is not verified */
  event: 1 / 1e6,
  /** Beyond what is free in an account each month: https://aws.amazon.com/cloudwatch/pricing, https://aws.amazon.com/sqs/pricing */
  idle: {
    alarmMonth: 0.1,
    dashboardMonth: 3,
    queueRequest: 0.4 / 1e6,
    /** Lambda's, which asks for news of uploads: five at a time, 20 s each, as third parties tell of it. */
    queueRequests: 650_000
  },
  /** https://aws.amazon.com/rekognition/pricing: a minute of stored video, one kind of analysis; not verified for each kind */
  rekognitionMinute: 0.1
} as const
