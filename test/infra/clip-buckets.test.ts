import { App, Stack } from 'aws-cdk-lib'
import { Match, Template } from 'aws-cdk-lib/assertions'
import { describe, expect, it } from 'vitest'
import { ClipBuckets, type ClipBucketsProps } from '../../infra/clip-buckets.ts'

const templateOf = (props: ClipBucketsProps) => {
  const stack = new Stack(new App(), 'Test')
  new ClipBuckets(stack, 'Buckets', props)
  return Template.fromStack(stack)
}

describe('the two buckets', () => {
  const template = templateOf({ retention: 'keep', workDays: 3 })

  it('are closed to the public, encrypted, and refuse what does not come over TLS', () => {
    template.allResourcesProperties('AWS::S3::Bucket', {
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true
      },
      BucketEncryption: Match.anyValue()
    })
    // The third holds the access logs of the two.
    template.resourceCountIs('AWS::S3::Bucket', 3)
    template.allResourcesProperties('AWS::S3::BucketPolicy', {
      PolicyDocument: {
        Statement: [
          Match.objectLike({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } })
        ]
      }
    })
  })

  it('uploads tell EventBridge and keep versions for as long as jobs go on; results let work in progress go', () => {
    template.hasResourceProperties('AWS::S3::Bucket', {
      NotificationConfiguration: { EventBridgeConfiguration: { EventBridgeEnabled: true } },
      VersioningConfiguration: { Status: 'Enabled' },
      LifecycleConfiguration: {
        Rules: Match.arrayWith([
          Match.objectLike({ NoncurrentVersionExpiration: { NoncurrentDays: 3 }, Status: 'Enabled' })
        ])
      }
    })
    template.hasResourceProperties('AWS::S3::Bucket', {
      LifecycleConfiguration: {
        Rules: Match.arrayWith([
          Match.objectLike({ Prefix: 'jobs/', ExpirationInDays: 3, Status: 'Enabled' })
        ])
      }
    })
  })

  it('stay or go with the stack as was chosen, and bring nothing else with them', () => {
    template.allResources('AWS::S3::Bucket', { DeletionPolicy: 'Retain' })
    const destroyed = templateOf({ retention: 'destroy' })
    destroyed.allResources('AWS::S3::Bucket', { DeletionPolicy: 'Delete' })
    const types = Object.values(destroyed.toJSON().Resources as Record<string, { Type: string }>).map(
      ({ Type }) => Type
    )
    expect(new Set(types)).toEqual(new Set(['AWS::S3::Bucket', 'AWS::S3::BucketPolicy']))
  })
})
