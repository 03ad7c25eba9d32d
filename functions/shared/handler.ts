import middy from '@middy/core'
import type { Context as LambdaContext } from 'aws-lambda'
import type { z } from 'zod'
import type { Context } from './context.ts'

/** Gives a function its context for one invocation. */
export type OpenContext<C extends Context = Context> = (lambda: LambdaContext) => C | Promise<C>

/**
 * Makes a Lambda handler of a plain function: the event is checked against its schema, all else is the function's. A
 * Fault that it throws carries its code as `name`, which is what the state machine's retry and catch rules match.
 */
export const handlerOf =
  <Event extends z.ZodType, Answer, C extends Context>(
    schema: Event,
    run: (context: C, event: z.output<Event>) => Promise<Answer>
  ) =>
  (open: OpenContext<C>) =>
    // Whoever runs out of time is ended from outside, which is told in another way than what a function throws.
    middy<unknown, Answer>({ timeoutEarlyInMillis: 0 }).handler(async (event, lambda) =>
      run(await open(lambda), schema.parse(event))
    )
