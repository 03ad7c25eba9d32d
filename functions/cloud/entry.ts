import { Logger } from '@aws-lambda-powertools/logger'
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware'
import { Metrics } from '@aws-lambda-powertools/metrics'
import { Tracer } from '@aws-lambda-powertools/tracer'
import { captureLambdaHandler } from '@aws-lambda-powertools/tracer/middleware'
import { EventBridgeClient } from '@aws-sdk/client-eventbridge'
import type { MiddyfiedHandler } from '@middy/core'
import type { Context as LambdaContext } from 'aws-lambda'
import { Fault } from '../../events/faults.ts'
import type { ModelStore } from '../../layers/models/index.ts'
import type { Context } from '../shared/context.ts'
import { environmentContext } from '../shared/environment.ts'
import type { OpenContext } from '../shared/handler.ts'
import { lambdaError } from '../store/failure.ts'
import { busAnnouncer } from './announcer.ts'
import { measureStep } from './metrics.ts'
import { withStored } from './models.ts'

const logger = new Logger()
const metrics = new Metrics()
const tracer = new Tracer()

const bus = process.env.CLIPMILL_BUS
const open = environmentContext({
  // Where no bus can be reached from, nothing is announced.
  announce: bus === undefined ? () => Promise.resolve() : busAnnouncer(new EventBridgeClient(), bus),
  measure: measureStep(metrics)
})
let models: ModelStore | undefined

/** The context of a function in an account: `CLIPMILL_BUS` names the bus that announcements go to. */
export const openCloud = (lambda: LambdaContext): Context => {
  const context = open(lambda)
  models ??= withStored(context)
  return { ...context, models }
}

/**
 * A function's handler as Lambda calls it: with logs (each line names job, stage and segment), a trace and metrics. What
 * it throws leaves it in the form in which the state machine and `store` know faults.
 */
export const lambdaEntry = <C extends Context, Answer>(
  handlerWith: (open: OpenContext<C>) => MiddyfiedHandler<unknown, Answer>,
  open: OpenContext<C>
) =>
  handlerWith(open)
    .use(injectLambdaContext(logger, { resetKeys: true }))
    .use(captureLambdaHandler(tracer, { captureResponse: false }))
    .before(({ event }) => {
      const subject = subjectOf(event)
      logger.appendKeys(subject)
      for (const [name, value] of Object.entries(subject)) tracer.putAnnotation(name, value)
    })
    .after(() => logger.info('done'))
    .onError(request => {
      const fault = Fault.of(request.error)
      logger.error(fault.message, { fault })
      request.error = lambdaError(fault)
    })

/** What the event says that this invocation is about. */
const subjectOf = (event: unknown): Record<string, string | number> =>
  Object.fromEntries(
    Object.entries((event ?? {}) as Record<string, unknown>).filter(
      (entry): entry is [string, string | number] =>
        ['job', 'stage', 'segment'].includes(entry[0]) && ['string', 'number'].includes(typeof entry[1])
    )
  )
