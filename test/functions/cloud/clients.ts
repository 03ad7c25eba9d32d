/** An AWS client that keeps what it is sent and answers by `answer`; what that throws is what AWS would refuse. */
export const fakeClient = (
  answer: (input: Record<string, unknown>, name: string) => unknown = () => ({})
) => {
  const sent: { name: string; input: Record<string, unknown> }[] = []
  const client = {
    send: (command: { input: Record<string, unknown>; constructor: { name: string } }) => {
      const name = command.constructor.name.replace(/Command$/, '')
      sent.push({ name, input: command.input })
      return Promise.resolve().then(() => answer(command.input, name))
    }
  }
  return { client: client as never, sent }
}

/** An error as AWS clients throw it: its name says what is wrong. */
export const awsError = (name: string) => Object.assign(new Error(`AWS says ${name}`), { name })
