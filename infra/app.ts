import { App, CfnOutput, Stack } from 'aws-cdk-lib'
import { z } from 'zod'
import { ClipBuckets } from './clip-buckets.ts'

const app = new App()
const context = z.object({ retention: z.enum(['keep', 'destroy']) })
const { retention } = context.parse({ retention: app.node.tryGetContext('retention') as unknown })

const stack = new Stack(app, 'Clipmill')
const { uploads, results } = new ClipBuckets(stack, 'Buckets', { retention })
new CfnOutput(stack, 'UploadsBucket', { value: uploads.bucketName })
new CfnOutput(stack, 'ResultsBucket', { value: results.bucketName })
