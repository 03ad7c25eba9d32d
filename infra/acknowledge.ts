import { Aspects, Stack, Validations, type IAspect } from 'aws-cdk-lib'
import { CfnPolicy } from 'aws-cdk-lib/aws-iam'
import type { IConstruct } from 'constructs'

/** Lets findings of cdk-nag and its like stand, on a construct and all within, each for a reason; a test counts them. */
export const acknowledge = (construct: IConstruct, reasons: Record<string, string>) => {
  for (const [id, reason] of Object.entries(reasons)) Validations.of(construct).acknowledge({ id, reason })
}

/**
 * Lets these resources with an asterisk, and no others, stand in the policies within a construct. cdk-nag names each by
 * what only the finished template says of it.
 */
export const acknowledgeWildcards = (construct: IConstruct, reason: string, resources: string[]) => {
  const aspect: IAspect = {
    visit: node => {
      if (!(node instanceof CfnPolicy)) return
      const resolve = (value: unknown) => Stack.of(node).resolve(value) as unknown
      const { Statement } = resolve(node.policyDocument) as { Statement: { Resource: unknown }[] }
      const expected = resources.map(resource => flatten(resolve(resource)))
      for (const resource of Statement.flatMap(statement => statement.Resource).map(flatten))
        if (resource.includes('*') && expected.includes(resource))
          acknowledge(node, { [`AwsSolutions-IAM5[Resource::${resource}]`]: reason })
    }
  }
  Aspects.of(construct).add(aspect)
}

/** An ARN of a template as cdk-nag writes it. */
const flatten = (arn: unknown): string => {
  if (typeof arn === 'string') return arn
  const reference = arn as {
    Ref?: string
    'Fn::GetAtt'?: string[]
    'Fn::Join'?: [separator: string, parts: unknown[]]
  }
  if (reference['Fn::Join']) return reference['Fn::Join'][1].map(flatten).join(reference['Fn::Join'][0])
  if (reference['Fn::GetAtt']) return `<${reference['Fn::GetAtt'].join('.')}>`
  return reference.Ref === undefined ? JSON.stringify(arn) : `<${reference.Ref}>`
}
