import { stat } from 'node:fs/promises'
import type { ClipFacts } from '../../events/clip.ts'

/** Starting the process, on a machine that is busy; calls on small clips end within it, whatever is wrong with them. */
const leastSeconds = 25
/** A tenth of what a slow machine does in a second. */
const bytesASecond = 1e6
const pixelsASecond = 2e6

/** Seconds that it may take to read all of a file. */
export const timeToRead = async (file: string) => {
  const { size } = await stat(file)
  return leastSeconds + size / bytesASecond
}

/** Seconds that it may take to decode or encode a clip's frames: entering a segment can mean to decode what is before. */
export const timeForFrames = ({ bytes, video }: ClipFacts) =>
  leastSeconds + bytes / bytesASecond + (video.frames * video.width * video.height) / pixelsASecond
