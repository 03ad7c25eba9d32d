import type { ClipFacts, FrameTable, Segment } from '../../events/clip.ts'
import type { DecodeOptions } from './decode.ts'
import { fitted } from './size.ts'
import type { JoinOptions } from './join.ts'
import type { Probed } from './probe.ts'
import { startProcess, type MediaLimits } from './process.ts'
import { timeForFrames, timeToRead } from './time.ts'
import type { RenderOptions, StillOptions } from './render.ts'

export { planSegments } from './segments.ts'

/** Size of the pictures that `decode` makes of a clip. */
export const pictureSize = ({ video }: ClipFacts, longSide?: number) => fitted(video, longSide)

interface Progress {
  /** Told how many frames are done, after each. */
  onFrames?: (frames: number) => void
}

/**
 * Video in and out, in a process of its own that has no credentials, no network formats and bounded memory and time.
 * Calls are done one after the other. Whatever a clip does to that process, this one gets a Fault: `clip-empty`,
 * `clip-not-video`, `clip-without-video`, `clip-unreadable`, `clip-unseekable`, `clip-damaged`, `media-timeout`,
 * `media-crashed`; `disk-full`, `folder-blocked` or `file-denied` where a file cannot be written; `internal-error` for a
 * bug of ours.
 */
export interface Media extends AsyncDisposable {
  /** False once the process has ended: every further call fails with `media-crashed`. */
  readonly alive: boolean
  /** What a clip is, and where its frames lie in time; reads all of the file, decodes nothing. */
  probe: (file: string) => Promise<Probed>
  /**
   * Writes a segment's frames, each once, as pictures into one file: upright, square pixels, at most `longSide` long,
   * JPEG (BT.601, full range, 4:2:0, visually lossless) or PNG (exact RGB).
   */
  decode: (
    file: string,
    segment: Segment,
    facts: ClipFacts,
    options: DecodeOptions & Progress
  ) => Promise<FrameTable>
  /** Copies a clip's sound for `join`; false where it has none that is of use. */
  sound: (file: string, out: string) => Promise<boolean>
  /** Encodes a segment's pictures, with shapes on them, for `join`. */
  render: (options: RenderOptions & Progress) => Promise<void>
  /** Rendered segments and sound become one MP4 (H.264, index first), as long as the clip; answers whether it sounds. */
  join: (options: JoinOptions) => Promise<boolean>
  /** One picture with shapes on it, as a JPEG file. */
  still: (options: StillOptions) => Promise<void>
}

/**
 * Starts the media process; 2000 MB by default, and as much time for a call as its clip's size gives reason for, 600
 * seconds at most. Close it when done: `await using`.
 */
export const openMedia = (limits: MediaLimits = {}): Media => {
  const media = startProcess(limits)
  return {
    get alive() {
      return media.alive
    },
    probe: async file => media.call('probe', file, [file], await timeToRead(file)),
    decode: (file, segment, facts, { onFrames, ...options }) =>
      media.call('decode', file, [file, segment, facts, options], timeForFrames(facts), onFrames),
    sound: async (file, out) => media.call('sound', file, [file, { out }], await timeToRead(file)),
    render: ({ onFrames, ...options }) =>
      media.call('render', options.pictures, [options], timeForFrames(options.facts), onFrames),
    join: options => media.call('join', options.out, [options], timeForFrames(options.facts)),
    still: options => media.call('still', options.out, [options], timeForFrames(options.facts)),
    [Symbol.asyncDispose]: media.close
  }
}

export type { Probed }
