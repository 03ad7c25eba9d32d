/** The app that `clipmill deploy` and `cdk deploy` deploy; its options come from the context, e.g. `-c size=large`. */
import { App, Stack } from 'aws-cdk-lib'
import { isFault } from '../events/faults.ts'
import { clipmillContext } from './context.ts'
import { Clipmill } from './clipmill.ts'
import { addOutputs } from './outputs.ts'

// What a person wrote is answered in words; where in our code that was found helps nobody.
process.on('uncaughtException', error => {
  process.stderr.write(`${error.message}\n${isFault(error) ? `${error.next}\n` : ''}`)
  process.exit(1)
})

const app = new App()
const { stackName, ...props } = clipmillContext(app.node)
const stack = new Stack(app, stackName, { description: 'clipmill: clips in, results out' })
addOutputs(new Clipmill(stack, 'Clipmill', props))
