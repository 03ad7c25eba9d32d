import type { ClipFacts, FrameTable, Segment } from '../../events/clip.ts'
import type { FaultRecord } from '../../events/faults.ts'
import type { DecodeOptions } from './decode.ts'
import type { JoinOptions } from './join.ts'
import type { Probed } from './probe.ts'
import type { RenderOptions, StillOptions } from './render.ts'

/**
 * What the media process does, by name; the file that a call writes is the `out` of its options. Messages carry names of
 * files, tables, shapes and the one picture of a still: the largest are a timeline (8 bytes a frame) and the shapes of
 * one segment.
 */
export interface Calls {
  probe: (file: string) => Promise<Probed>
  decode: (
    file: string,
    segment: Segment,
    facts: ClipFacts,
    options: DecodeOptions,
    onFrames: (frames: number) => void
  ) => Promise<FrameTable>
  sound: (file: string, options: { out: string }) => Promise<boolean>
  render: (options: RenderOptions, onFrames: (frames: number) => void) => Promise<void>
  still: (options: StillOptions) => Promise<void>
  join: (options: JoinOptions) => Promise<boolean>
}

/** What a call answers with. */
export type Result<Name extends keyof Calls> =
  ReturnType<Calls[Name]> extends Promise<infer Value> ? Value : never

/** What a call is asked with: its parameters, less a function at the end. */
export type Args<Name extends keyof Calls> =
  Parameters<Calls[Name]> extends [...infer Args, (frames: number) => void] ? Args : Parameters<Calls[Name]>

export interface Request {
  call: keyof Calls
  args: unknown[]
}

/** Any number of frames that are done, then one of the others. */
export type Answer =
  | { frames: number }
  | { result: unknown }
  | { fault: FaultRecord }
  | { unreadable: string }
  | { outOfMemory: true }
