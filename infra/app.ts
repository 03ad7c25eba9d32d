/** The app that `clipmill deploy` and `cdk deploy` deploy; its options come from the context, e.g. `-c size=large`. */
import { App, CfnOutput, Stack } from 'aws-cdk-lib'
import { clipmillContext } from './context.ts'
import { Clipmill } from './clipmill.ts'

// What a person wrote is answered in words; where in our code that was found helps nobody.
process.on('uncaughtException', error => {
  process.stderr.write(`${error.message}\n`)
  process.exit(1)
})

const app = new App()
const { stackName, ...props } = clipmillContext(app.node)
const stack = new Stack(app, stackName, { description: 'clipmill: clips in, results out' })
const { uploads, results, bus, machines } = new Clipmill(stack, 'Clipmill', props)

const outputs: Record<string, string> = {
  Uploads: uploads.bucketName,
  Results: results.bucketName,
  Bus: bus.eventBusName,
  Machines: stack.toJsonString(
    Object.fromEntries(Object.entries(machines).map(([task, machine]) => [task, machine.stateMachineArn]))
  )
}
for (const [name, value] of Object.entries(outputs)) new CfnOutput(stack, name, { value })
