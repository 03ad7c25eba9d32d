import { SFNClient } from '@aws-sdk/client-sfn'
import type { Context as LambdaContext } from 'aws-lambda'
import { z } from 'zod'
import { lambdaEntry, openCloud } from '../cloud/entry.ts'
import { answerToken } from '../cloud/token.ts'
import { inferHandler } from './handler.ts'

/** `token`: of the state that waits for the end; all else is for `infer`. */
const event = z.looseObject({ token: z.string() })

const client = new SFNClient()
const infer = lambdaEntry(inferHandler, openCloud)

/** Runs `infer` for the state that waits. @param onLost called where it turns out in mid-work that nobody waits any longer */
export const answer = async (called: unknown, lambda: LambdaContext, onLost?: () => void) => {
  const { token, ...asked } = event.parse(called)
  return { told: await answerToken(client, token, () => infer(asked, lambda), onLost) }
}

/**
 * `infer` in a GPU container, called without waiting: how it ended is told to the state that waits, never thrown, so that
 * nothing calls it again.
 */
export const handler = (called: unknown, lambda: LambdaContext) => answer(called, lambda)
