import { Fault } from '../../events/faults.ts'

/** What is wrong with the options that `complete` is given. */
export const problemsIn = (complete: () => unknown): string[] => {
  try {
    complete()
  } catch (error) {
    if (error instanceof Fault && error.code === 'options-invalid')
      return (error.details as { problems: string[] }).problems
    throw error
  }
  return []
}
