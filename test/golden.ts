import { InferenceSession, Tensor } from 'onnxruntime-node'
import path from 'node:path'
import type { RunModel, SkippedStage, StageDeviation } from '../models/golden/index.ts'
import type { DType, TensorData } from '../models/graph/index.ts'

/** The stages that do not agree; one that was skipped is among them. */
export const failures = (stages: readonly (StageDeviation | SkippedStage)[]) =>
  stages.filter(stage => 'skipped' in stage || !stage.ok)

/** Runs the model in `dir` on the CPU. */
export const runOnnx: RunModel = async (dir, feeds) => {
  const session = await InferenceSession.create(path.join(dir, 'model.onnx'), {
    intraOpNumThreads: 2,
    extra: { session: { intra_op: { allow_spinning: '0' } } }
  })
  try {
    const results = await session.run(
      Object.fromEntries(
        Object.entries(feeds).map(([name, { dtype, shape, data }]) => [
          name,
          new Tensor(dtype as 'float32', data as Float32Array, [...shape])
        ])
      )
    )
    return Object.fromEntries(
      Object.entries(results).map(([name, { type, dims, data }]) => [
        name,
        { dtype: type as DType, shape: dims, data } as TensorData
      ])
    )
  } finally {
    await session.release()
  }
}
