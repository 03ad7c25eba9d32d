import { describe, expect, it } from 'vitest'
import { Fault } from '../../events/faults.ts'
import { failure, failureOf, lambdaError } from '../../functions/store/failure.ts'
import { taskNamed } from '../../tasks/index.ts'

const damaged = new Fault('clip-damaged', { file: 'a.mp4', firstFrame: 60, lastFrame: 119, decoded: 0 })

/** What Step Functions keeps of an error that left a Lambda function. */
const causeOf = ({ name, message, stack }: Error) =>
  JSON.stringify({ errorType: name, errorMessage: message, trace: stack!.split('\n') })
const read = (event: unknown) => failureOf(failure.parse(event), taskNamed('track-many'))

describe('a failure that store is told of', () => {
  it('is a fault already, where the runner of one machine tells', () => {
    expect(read(damaged.toJSON())).toEqual(damaged.toJSON())
  })

  it('comes out of a Lambda function whole, under its code, and short enough', () => {
    const error = lambdaError(damaged)
    expect(error.name).toBe('clip-damaged')
    const Cause = causeOf(error)
    expect(Cause.length).toBeLessThan(5000)
    expect(read({ decode: { Error: error.name, Cause } })).toEqual(damaged.toJSON())
  })

  it('is an internal error, with where it was thrown, where a function threw what is no fault', () => {
    const error = lambdaError(new TypeError('x is not a function'))
    expect(error.name).toBe('internal-error')
    const { code, message } = read({ plan: { Error: error.name, Cause: causeOf(error) } })
    expect(code).toBe('internal-error')
    expect(message).toMatch(/TypeError: x is not a function[^]*failure\.test/)
  })

  it('names the step and its limit where the cloud ended it', () => {
    const late = new Fault('step-timeout', { step: 'detect', seconds: 900 }).toJSON()
    expect(read({ detect: { Error: 'States.Timeout' } })).toEqual(late)
    const Cause = JSON.stringify({
      errorType: 'Sandbox.Timedout',
      errorMessage: 'RequestId: 1 Error: Task timed out after 900.00 seconds'
    })
    expect(read({ detect: { Error: 'Sandbox.Timedout', Cause } })).toEqual(late)
  })

  it.each([
    ['Runtime.ExitError', 'worker-lost', 'the process that ran decode ended: Runtime.ExitError: killed'],
    [
      'Lambda.TooManyRequestsException',
      'step-unavailable',
      'decode could not be run: Lambda.TooManyRequestsException: killed'
    ]
  ])('%s is %s', (Error, code, message) => {
    expect(read({ decode: { Error, Cause: 'killed' } })).toMatchObject({ code, message })
  })

  it('is an internal error where nobody knows it, or its cause was cut off', () => {
    expect(read({ decode: { Error: 'States.Runtime', Cause: 'a path leads nowhere' } })).toMatchObject({
      code: 'internal-error',
      details: { reason: 'decode: States.Runtime: a path leads nowhere' }
    })
    const Cause = causeOf(lambdaError(damaged)).slice(0, 50)
    expect(read({ decode: { Error: 'clip-damaged', Cause } }).code).toBe('internal-error')
  })

  it('of several, where telling of one failed too, is the first', () => {
    const late = { Error: 'States.Timeout' }
    expect(read({ decode: late, store: late })).toMatchObject({ details: { step: 'decode' } })
  })

  it('is refused where nothing was caught', () => {
    expect(failure.safeParse({}).success).toBe(false)
  })
})
