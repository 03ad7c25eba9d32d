import {
  AV_CODEC_FLAG_GLOBAL_HEADER,
  AVERROR_EAGAIN,
  AVERROR_ENOMEM,
  AVERROR_EOF,
  AVERROR_INVALIDDATA,
  CodecContext,
  Dictionary,
  FFmpegError,
  FilterGraph,
  Frame,
  Packet,
  type Codec,
  type FormatContext,
  type Stream
} from 'node-av'

/** Throws an FFmpegError where FFmpeg reports a failure, gives its answer otherwise. */
export const ok = (code: number, doing: string) => {
  FFmpegError.throwIfError(code, doing)
  return code
}

/** A failure of opening or reading a file: due to what is in it, not to what is done with it. */
export class Unreadable extends Error {
  constructor(code: number, doing: string) {
    super(`${doing}: ${FFmpegError.strerror(code)}`)
  }
}

/** Lack of memory, also for the stack of a thread. */
export const isOutOfMemory = (code: number) => code === AVERROR_ENOMEM || code === AVERROR_EAGAIN

/** As `ok`; what is not for lack of memory is thrown as Unreadable. */
export const readable = (code: number, doing: string) => {
  if (code < 0 && !isOutOfMemory(code)) throw new Unreadable(code, doing)
  return ok(code, doing)
}

/** What `open` makes of a resource, which is freed where that fails. */
export const orFree = async <T extends Disposable | AsyncDisposable, Opened>(
  resource: T,
  open: (resource: T) => Promise<Opened>
) => {
  try {
    return await open(resource)
  } catch (error) {
    if (Symbol.asyncDispose in resource) await resource[Symbol.asyncDispose]()
    else resource[Symbol.dispose]()
    throw error
  }
}

/** Whether a receiving call delivered something; false where it wants more input or has reached the end. */
const received = (code: number, doing: string) =>
  code !== AVERROR_EAGAIN && code !== AVERROR_EOF && ok(code, doing) >= 0

export const newPacket = () => {
  const packet = new Packet()
  packet.alloc()
  return packet
}

export const newFrame = () => {
  const frame = new Frame()
  frame.alloc()
  return frame
}

/** A chain of filters: frames go in by `push` (undefined: the end), and each that comes out is handed to `use`. */
export type Filters = (frame: Frame | undefined, use: (frame: Frame) => void | Promise<void>) => Promise<void>

/** `chain` between a source that is described by `source` ("key=value:…") and a sink, for pictures or sound. */
export const openFilters = (source: string, chain: string, kind: '' | 'a' = ''): Filters & Disposable => {
  const graph = new FilterGraph()
  graph.alloc()
  try {
    ok(graph.parsePtr(`${kind}buffer@in=${source},${chain},${kind}buffersink@out`), 'parse filters')
    ok(graph.configSync(), 'configure filters')
  } catch (error) {
    graph.free()
    throw error
  }
  const input = graph.getFilter(`${kind}buffer@in`)!
  const output = graph.getFilter(`${kind}buffersink@out`)!
  const filtered = newFrame()
  const push: Filters = async (frame, use) => {
    ok(input.buffersrcAddFrameSync(frame ?? null), 'filter')
    while (received(output.buffersinkGetFrameSync(filtered), 'filter')) {
      await use(filtered)
      filtered.unref()
    }
  }
  return Object.assign(push, {
    [Symbol.dispose]: () => {
      filtered.free()
      graph.free()
    }
  })
}

/**
 * Opens an encoder; `setUp` fills in what the codec must know before it is opened.
 * (node-av's open2Sync frees a dictionary of options that the garbage collector frees again: open2 does not.)
 */
export const openEncoder = (
  codec: Codec,
  options: Record<string, string>,
  setUp: (context: CodecContext) => void
) =>
  orFree(new CodecContext(), async context => {
    context.allocContext3(codec)
    context.setFlags(AV_CODEC_FLAG_GLOBAL_HEADER)
    setUp(context)
    ok(await context.open2(codec, Dictionary.fromObject(options)), `open encoder ${codec.name ?? ''}`)
    return context
  })

/** Hands every packet that is ready after `frame` (undefined: the end) to `use`. */
export const encode = async (
  encoder: CodecContext,
  frame: Frame | undefined,
  packet: Packet,
  use: (packet: Packet) => void | Promise<void>
) => {
  ok(await encoder.sendFrame(frame ?? null), 'encode')
  while (received(await encoder.receivePacket(packet), 'encode')) {
    await use(packet)
    packet.unref()
  }
}

/** Hands every frame that is ready after `packet` (undefined: the end) to `use`; what is damaged yields no frame. */
export const decode = async (
  decoder: CodecContext,
  packet: Packet | undefined,
  frame: Frame,
  use: (frame: Frame) => void | Promise<void>
) => {
  const sent = await decoder.sendPacket(packet ?? null)
  if (isOutOfMemory(sent)) ok(sent, 'decode')
  for (;;) {
    const code = await decoder.receiveFrame(frame)
    if (code === AVERROR_EAGAIN || code === AVERROR_EOF) return
    if (isOutOfMemory(code)) ok(code, 'decode')
    if (code < 0) continue
    await use(frame)
    frame.unref()
  }
}

/** The packets of `stream`, in one Packet that the next step uses again; a container ends where it is broken. */
export const packetsOf = async function* (input: FormatContext, stream: Stream) {
  using packet = newPacket()
  for (;;) {
    const code = await input.readFrame(packet)
    if (code === AVERROR_EOF || code === AVERROR_INVALIDDATA) return
    // of a demuxer it means: nothing this time, ask again
    if (code === AVERROR_EAGAIN) continue
    readable(code, 'read')
    if (packet.streamIndex === stream.index) yield packet
    packet.unref()
  }
}
