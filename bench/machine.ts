import { availableParallelism, cpus, loadavg, totalmem } from 'node:os'
import packageJson from '../package.json' with { type: 'json' }

/** What figures depend on; `load`: how many processes wanted a core in the last minute, which should be few. */
export const describeMachine = () => ({
  cpu: cpus()[0].model,
  cores: availableParallelism(),
  memoryGb: Math.round(totalmem() / 1e9),
  load: loadavg()[0],
  node: process.versions.node,
  onnxruntime: packageJson.dependencies['onnxruntime-node'],
  clipmill: packageJson.version
})
export type Machine = ReturnType<typeof describeMachine>

export const machineLine = ({ cpu, cores, memoryGb, load, node, onnxruntime }: Machine) =>
  `${cpu}, ${cores} cores, ${memoryGb} GB, load ${load.toFixed(1)}; Node ${node}, ONNX Runtime ${onnxruntime}`
