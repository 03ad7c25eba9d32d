import {
  SendTaskFailureCommand,
  SendTaskHeartbeatCommand,
  SendTaskSuccessCommand,
  type SFNClient
} from '@aws-sdk/client-sfn'
import { lambdaError } from '../store/failure.ts'

/** Seconds between two signs of life. */
export const heartbeatSeconds = 30

/** What Step Functions says of a token that nobody waits for any longer. */
const lostTokens = ['TaskTimedOut', 'TaskDoesNotExist', 'InvalidToken']

/**
 * Runs `work` for a state that waits for its task token: tells it that we live, and how it ended. A token that nobody
 * waits for (an event that came twice or late, an execution that was stopped) has nothing done for it.
 * @param onLost called where that turns out in mid-work
 * @returns whether the state was told of an end
 */
export const answerToken = async (
  client: Pick<SFNClient, 'send'>,
  taskToken: string,
  work: () => Promise<unknown>,
  onLost: () => void = () => undefined
): Promise<boolean> => {
  /** False where nobody waits any longer; other failures have no say in the work. */
  const alive = async () => {
    try {
      await client.send(new SendTaskHeartbeatCommand({ taskToken }))
    } catch (error) {
      return !lostTokens.includes((error as Error).name)
    }
    return true
  }
  if (!(await alive())) return false

  const beat = setInterval(() => void alive().then(waited => waited || onLost()), heartbeatSeconds * 1000)
  try {
    return await tell(client, await endOf(taskToken, work))
  } finally {
    clearInterval(beat)
  }
}

const endOf = async (taskToken: string, work: () => Promise<unknown>) => {
  try {
    return new SendTaskSuccessCommand({ taskToken, output: JSON.stringify((await work()) ?? {}) })
  } catch (thrown) {
    return failureOf(taskToken, thrown)
  }
}

const failureOf = (taskToken: string, thrown: unknown) => {
  const { name, message } = lambdaError(thrown)
  return new SendTaskFailureCommand({ taskToken, error: name, cause: message })
}

/** Answers for who had the token and can no longer. @returns whether somebody waited for it */
export const failToken = (client: Pick<SFNClient, 'send'>, taskToken: string, thrown: unknown) =>
  tell(client, failureOf(taskToken, thrown))

const tell = async (
  client: Pick<SFNClient, 'send'>,
  end: SendTaskSuccessCommand | SendTaskFailureCommand
) => {
  try {
    await client.send(end as SendTaskSuccessCommand)
    return true
  } catch (error) {
    if (lostTokens.includes((error as Error).name)) return false
    throw error
  }
}
