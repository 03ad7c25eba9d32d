/** A statement of a role's policy that allows something. */
export interface Statement {
  Effect: string
  Action: string | string[]
  Resource: string | string[]
  Condition?: Record<string, Record<string, string | string[]>>
}

const list = <T>(value: T | T[]): T[] => (Array.isArray(value) ? value : [value])

const like = (pattern: string, text: string) =>
  new RegExp(
    `^${pattern
      .replaceAll(/[\\^$+.()|[\]{}]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
    's'
  ).test(text)

/**
 * Whether statements of IAM allow an action on a resource.
 * @param context condition keys of the request, e.g. `s3:prefix`
 * @throws Error for what this does not know of IAM
 */
export const allows = (
  statements: Statement[],
  action: string,
  resource: string,
  context: Record<string, string> = {}
) =>
  statements.some(({ Effect, Action, Resource, Condition = {} }) => {
    if (Effect !== 'Allow') throw new Error(`${Effect} is not known here`)
    return (
      list(Action).some(pattern => like(pattern, action)) &&
      list(Resource).some(pattern => like(pattern, resource)) &&
      Object.entries(Condition).every(([operator, keys]) => {
        const optional = operator === 'StringLikeIfExists'
        if (operator !== 'StringLike' && !optional) throw new Error(`${operator} is not known here`)
        return Object.entries(keys).every(([key, patterns]) =>
          key in context ? list(patterns).some(pattern => like(pattern, context[key])) : optional
        )
      })
    )
  })
