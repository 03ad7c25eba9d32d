import { AV_NOPTS_VALUE } from 'node-av'
import { packetsOf } from './ffmpeg.ts'
import { openClip, readOnly } from './open.ts'
import { openOutput } from './output.ts'

export const soundFormat = 'matroska'
/** Tag of the sound's file: the time of its first packet in the clip, in seconds. */
export const soundStart = 'CLIPMILL_START'

/**
 * Copies the clip's sound, as it is, into a file of its own that starts at 0 and says in a tag when it started in the clip.
 * Answers false, and writes nothing, where there is no sound.
 */
export const copySound = async (file: string, out: string) => {
  await using clip = await openClip(file)
  const { input, audio } = clip
  if (!audio) return false
  readOnly(input, audio)
  const { timeBase } = audio
  let output: Awaited<ReturnType<typeof openOutput>> | undefined
  let start = 0n
  for await (const packet of packetsOf(input, audio)) {
    if (packet.pts === AV_NOPTS_VALUE) continue
    if (!output) {
      start = packet.pts
      const seconds = (Number(start) * timeBase.num) / timeBase.den
      const tags = { [soundStart]: String(seconds) }
      output = await openOutput(out, soundFormat, [{ copied: audio.codecpar, timeBase }], {}, tags)
    }
    packet.pts -= start
    packet.dts = packet.pts
    packet.rescaleTs(timeBase, output.streams[0].timeBase)
    await output.write(packet, 0)
  }
  await output?.end()
  return output !== undefined
}
