import { CfnOutput, Stack } from 'aws-cdk-lib'
import type { Clipmill } from './clipmill.ts'

/** Tells `clipmill cloud` where all is: outputs of the stack, under the names that it looks for. */
export const addOutputs = ({ node, uploads, results, bus, machines, logGroup }: Clipmill) => {
  const stack = Stack.of(node.scope!)
  const outputs: Record<string, string> = {
    Uploads: uploads.bucketName,
    Results: results.bucketName,
    Bus: bus.eventBusName,
    Machines: stack.toJsonString(
      Object.fromEntries(Object.entries(machines).map(([task, machine]) => [task, machine.stateMachineArn]))
    ),
    // Those that are made are found among the stack's resources.
    ...(logGroup && { LogGroup: logGroup.logGroupName })
  }
  for (const [name, value] of Object.entries(outputs)) new CfnOutput(stack, name, { value })
}
