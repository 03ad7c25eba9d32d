import { SFNClient } from '@aws-sdk/client-sfn'
import type { Context as LambdaContext } from 'aws-lambda'
import { z } from 'zod'
import { lambdaEntry, openCloud } from '../cloud/entry.ts'
import { machineStarter } from '../cloud/machines.ts'
import { intakeHandler } from './handler.ts'

/** JSON: the ARN of each task's state machine. */
const machines = z.record(z.string(), z.string()).parse(JSON.parse(process.env.CLIPMILL_MACHINES!))
const start = machineStarter(new SFNClient(), machines)

export const handler = lambdaEntry(intakeHandler, (lambda: LambdaContext) => ({
  ...openCloud(lambda),
  start
}))
