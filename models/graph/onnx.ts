/** Between graphs and ONNX messages. */
import {
  arrayFrom,
  arrayOver,
  arrays,
  bytesOf,
  sizeOf,
  type DType,
  type TensorData,
  type TypedArray
} from './data.ts'
import type { Graph, Node, Port } from './graph.ts'
import { operators, opset } from './operators/index.ts'
import type { AttributeValue } from './operator.ts'
import type { Message } from './proto.ts'

/** IR version that came with the opset (ONNX 1.15). */
const irVersion = 9

/** TensorProto.DataType */
const codes: Readonly<Record<DType, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  bfloat16: 16
}

/** AttributeProto.AttributeType */
const attributeTypes = { float: 1, int: 2, string: 3, tensor: 4, graph: 5, ints: 7 } as const

const text = new TextEncoder()

/** Where the bytes of a large tensor lie. */
interface External {
  location: string
  offset: number
  length: number
}

const attributeProto = (op: string, name: string, value: AttributeValue): Message<'AttributeProto'> => {
  const { kind } = operators[op].attributes[name]
  switch (kind) {
    case 'int':
      return { name, type: attributeTypes.int, i: value as number }
    case 'float':
      return { name, type: attributeTypes.float, f: value as number }
    case 'string':
      return { name, type: attributeTypes.string, s: text.encode(value as string) }
    case 'ints':
      return { name, type: attributeTypes.ints, ints: [...(value as readonly number[])] }
    case 'dtype':
      return { name, type: attributeTypes.int, i: codes[value as DType] }
    case 'tensor':
      return { name, type: attributeTypes.tensor, t: tensorProto('', value as TensorData) }
    case 'graph':
      return { name, type: attributeTypes.graph, g: graphProto(value as Graph, []) }
  }
}

const nodeProto = ({ op, name, inputs, outputs, attributes }: Node): Message<'NodeProto'> => ({
  input: [...inputs],
  output: [...outputs],
  name,
  opType: op,
  ...(operators[op].domain && { domain: operators[op].domain }),
  attribute: Object.entries(attributes).map(([key, value]) => attributeProto(op, key, value))
})

const valueInfoProto = ({ name, dtype, shape }: Port): Message<'ValueInfoProto'> => ({
  name,
  type: {
    tensorType: {
      elemType: codes[dtype],
      shape: { dim: shape.map(d => (typeof d === 'number' ? { dimValue: d } : { dimParam: d.text })) }
    }
  }
})

/** A tensor with its elements inside, or with a note of where they lie. */
export const tensorProto = (
  name: string,
  tensor: TensorData | (Omit<TensorData, 'data'> & { external: External })
): Message<'TensorProto'> => ({
  dims: [...tensor.shape],
  dataType: codes[tensor.dtype],
  ...(name && { name }),
  ...('data' in tensor
    ? { rawData: bytesOf(tensor) }
    : {
        externalData: Object.entries(tensor.external).map(([key, value]) => ({ key, value: String(value) })),
        dataLocation: 1
      })
})

const graphProto = (graph: Graph, initializer: Message<'TensorProto'>[]): Message<'GraphProto'> => ({
  node: graph.nodes.map(nodeProto),
  name: 'graph',
  initializer,
  input: graph.inputs.map(valueInfoProto),
  output: graph.outputs.map(valueInfoProto)
})

export const modelProto = (graph: Graph, initializer: Message<'TensorProto'>[]): Message<'ModelProto'> => ({
  irVersion,
  opsetImport: [
    { domain: '', version: opset },
    ...(graph.nodes.some(node => operators[node.op].domain) ? [{ domain: 'com.microsoft', version: 1 }] : [])
  ],
  producerName: 'clipmill',
  graph: graphProto(graph, initializer)
})

/**
 * The elements of a tensor that is stored inside the message.
 * @throws RangeError for a type that graphs do not have, or too few elements.
 */
export const tensorData = (proto: Message<'TensorProto'>): TensorData => {
  const dtype = (Object.keys(codes) as DType[]).find(name => codes[name] === proto.dataType)
  if (!dtype) throw new RangeError(`${proto.name ?? 'a tensor'} is of type ${String(proto.dataType)}`)
  const shape = (proto.dims ?? []).map(Number)
  const { rawData, floatData, doubleData, int32Data, int64Data } = proto
  const listed = floatData ?? doubleData ?? int64Data ?? int32Data ?? []
  const data = rawData
    ? arrayOver<TypedArray>(arrays[dtype], rawData)
    : dtype === 'int64'
      ? BigInt64Array.from(listed, BigInt)
      : arrayFrom(dtype, listed.map(Number))
  if (data.length !== sizeOf(shape))
    throw new RangeError(`${proto.name ?? 'a tensor'} has ${data.length} elements for [${shape.join(', ')}]`)
  return { dtype, shape, data }
}
