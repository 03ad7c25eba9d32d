import { App, Stack } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import * as lambda from 'aws-cdk-lib/aws-lambda'
import * as s3 from 'aws-cdk-lib/aws-s3'
import { byLambda, type Invocation } from '../../infra/invocation.ts'
import { TaskPipeline, type TaskPipelineProps } from '../../infra/task-pipeline.ts'
import type { Task } from '../../tasks/define.ts'

/** What is looked at of the Amazon States Language. */
export interface State {
  Type: string
  Next?: string
  Resource?: string
  TimeoutSeconds?: number
  Parameters?: object
  Retry?: { ErrorEquals: string[]; [number: string]: unknown }[]
  Catch?: { ErrorEquals: string[]; Next: string }[]
  ItemReader?: { Parameters: object }
  ItemProcessor?: Definition
  [field: string]: unknown
}
export interface Definition {
  StartAt: string
  States: Record<string, State>
}

const functions = ['plan', 'decode', 'infer', 'render', 'store'] as const
export const resultsBucket = 'results'

const named = (stack: Stack, name: (typeof functions)[number]) =>
  byLambda(
    lambda.Function.fromFunctionArn(stack, name, `arn:aws:lambda:us-east-1:123456789012:function:${name}`)
  )

/**
 * Synthesises a stack with one task's pipeline, over functions and a bucket that stand elsewhere.
 * @param infer what runs `infer` where it is no function of Lambda
 */
export const synthesise = (task: Task, infer?: (stack: Stack) => Invocation) => {
  const stack = new Stack(new App(), 'Test')
  new TaskPipeline(stack, 'Pipeline', {
    task,
    invocations: Object.fromEntries(
      functions.map(name => [name, name === 'infer' && infer ? infer(stack) : named(stack, name)])
    ) as TaskPipelineProps['invocations'],
    results: s3.Bucket.fromBucketName(stack, 'Results', resultsBucket),
    maxParallel: 40
  })
  const template = Template.fromStack(stack)
  const [machine] = Object.values(template.findResources('AWS::StepFunctions::StateMachine')) as {
    Properties: { DefinitionString: { 'Fn::Join': ['', (string | { Ref: string })[]] } }
  }[]
  const parts = machine.Properties.DefinitionString['Fn::Join'][1]
  const text = parts.map(part => (typeof part === 'string' ? part : references[part.Ref])).join('')
  return { template, definition: JSON.parse(text) as Definition }
}

const references: Record<string, string> = { 'AWS::Partition': 'aws' }

/** All states, also those within maps, with their names. */
export const statesOf = ({ States }: Definition): [name: string, state: State][] =>
  Object.entries(States).flatMap(([name, state]) => [
    [name, state],
    ...(state.ItemProcessor ? statesOf(state.ItemProcessor) : [])
  ])
