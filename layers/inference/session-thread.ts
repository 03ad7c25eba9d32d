import { parentPort, workerData } from 'node:worker_threads'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import type { TensorData } from '../../models/graph/index.ts'
import type { Outputs, SessionAnswer, SessionRequest, SessionSettings } from './session.ts'

const { file, threads, device, arena } = workerData as SessionSettings
const answer = (message: SessionAnswer, transfer: ArrayBuffer[] = []) =>
  parentPort!.postMessage(message, transfer)
const words = (error: unknown) => (error instanceof Error ? error.message : String(error))

const open = async () => {
  try {
    return await InferenceSession.create(file, {
      executionProviders: device === 'cpu' ? ['cpu'] : [device, 'cpu'],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      enableCpuMemArena: arena,
      extra: { session: { intra_op: { allow_spinning: '0' } } }
    })
  } catch (error) {
    answer({ broken: words(error) })
    return undefined
  }
}

const session = await open()
if (session) {
  answer({ ready: true })
  parentPort!.on('message', ({ id, feeds }: SessionRequest) => void run(session, id, feeds))
} else process.exitCode = 1

async function run(session: InferenceSession, id: number, feeds: SessionRequest['feeds']) {
  try {
    const inputs = Object.fromEntries(
      Object.entries(feeds).map(([name, { dtype, shape, data }]) => [
        name,
        new Tensor(dtype as never, data, shape)
      ])
    )
    const start = performance.now()
    const results = await session.run(inputs)
    const seconds = (performance.now() - start) / 1000
    // They are nobody's any more; the collector would find them much later.
    for (const buffer of new Set(Object.values(feeds).map(({ data }) => data.buffer))) buffer.transfer(0)
    const outputs: Outputs = Object.fromEntries(
      Object.entries(results).map(([name, { type, data, dims }]) => [
        name,
        { dtype: type, shape: dims, data } as TensorData
      ])
    )
    answer(
      { id, outputs, seconds },
      Object.values(outputs).map(tensor => tensor.data.buffer)
    )
  } catch (error) {
    answer({ id, failed: words(error) })
  }
}
