import { StateMachine, type StateMachineDefinition } from 'aws-local-stepfunctions'
import { lambdaError } from '../../functions/store/failure.ts'
import { statesOf, type Definition, type State } from './definition.ts'

/** What the states of a machine reach outside of it. */
interface World {
  invoke: (name: string, payload: object, timeoutSeconds: number) => Promise<unknown>
  /** Reads an object of JSON lines. */
  readLines: (object: { Bucket: string; Key: string }) => Promise<unknown[]>
}

/**
 * Runs a definition to its end; answers with the name of the error where that is a failure. Retries do not wait.
 * @throws Error where the definition is no valid Amazon States Language
 */
export const interpret = async (definition: Definition, input: object, world: World) => {
  const adapted = withReaders(definition)
  const states = statesOf(adapted)
  const tasks = states.filter(([, { Type }]) => Type === 'Task')
  const machine = new StateMachine(adapted as unknown as StateMachineDefinition)
  const { result, eventLogs } = machine.run(input as never, {
    overrides: {
      taskResourceLocalHandlers: Object.fromEntries(
        tasks.map(([name, state]) => [name, handlerOf(state, world) as never])
      ),
      retryIntervalOverrides: Object.fromEntries(states.map(([name]) => [name, 0]))
    }
  })
  const entered = (async () => {
    const names: string[] = []
    for await (const event of eventLogs) if (event.type === 'StateEntered') names.push(event.state.name)
    return names
  })()
  const error = await result.then(
    () => undefined,
    (thrown: unknown) => ((thrown as Error).cause as Error).name
  )
  return { error, entered: await entered }
}

const reader = 'arn:aws:lambda:us-east-1:123456789012:function:reader'

/** The name of a function, without its version; of any other service what is asked of it. */
const calledBy = (resource: string) => /:function:([^:]+)/.exec(resource)?.[1] ?? resource.split(':').at(-1)!

const handlerOf = ({ Resource, TimeoutSeconds }: State, { invoke, readLines }: World) =>
  Resource === reader
    ? readLines
    : async (payload: object) => {
        try {
          // No answer is null, as Lambda makes it.
          return (await invoke(calledBy(Resource!), payload, TimeoutSeconds!)) ?? null
        } catch (thrown) {
          throw asCaught(thrown)
        }
      }

/** An error of the cloud's own, that no function threw. */
export class PlatformError extends Error {
  constructor(name: string, cause: string) {
    super(cause)
    this.name = name
  }
}

/** What Step Functions makes of an error that a function throws: its name is `Error`, and `Cause` is JSON of the rest. */
const asCaught = (thrown: unknown) => {
  if (thrown instanceof PlatformError) return thrown
  const { name, message, stack } = lambdaError(thrown)
  const cause = { errorType: name, errorMessage: message, trace: stack!.split('\n') }
  return Object.assign(new Error(JSON.stringify(cause)), { name })
}

/**
 * The interpreter knows no ItemReader: a task that reads the object goes before each map that has one, and the map takes
 * its items from there. And it hands on the error of an item, where a distributed map of AWS ends in one of its own.
 * Nothing else is changed.
 */
const withReaders = ({ StartAt, States }: Definition): Definition => ({
  StartAt,
  States: Object.fromEntries(
    Object.entries(States).flatMap(([name, state]): [string, State][] => {
      const { ItemReader, ItemProcessor, ...map } = state
      if (!ItemReader) return [[name, state]]
      const items = `${name} (items)`
      const read: State = {
        Type: 'Task',
        Resource: reader,
        Parameters: ItemReader.Parameters,
        ResultPath: '$.items',
        Next: items
      }
      return [
        [name, read],
        [items, { ...map, ItemsPath: '$.items', ItemProcessor: withMapError(ItemProcessor!) }]
      ]
    })
  )
})

const withMapError = ({ StartAt, States }: Definition): Definition => ({
  StartAt,
  States: Object.fromEntries(
    Object.entries(States).map(([name, state]) => [
      name,
      state.Type === 'Fail'
        ? { Type: 'Fail', Error: 'States.ExceedToleratedFailureThreshold', Cause: 'an item failed' }
        : state
    ])
  )
})
