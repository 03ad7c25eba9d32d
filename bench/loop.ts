import type { Packet } from 'node-av'
import { packetsOf } from '../layers/media/ffmpeg.ts'
import { openClip, selectStream } from '../layers/media/open.ts'
import { openOutput } from '../layers/media/output.ts'

/**
 * Writes into `out`, an MP4, what `file` shows, without its sound, again and again until `seconds` are full:
 * whole rounds of copied packets whose times go on, nothing is encoded. Gives the number of packets.
 */
export const loopClip = async (file: string, seconds: number, out: string) => {
  await using clip = await openClip(file)
  const { input, video } = clip
  selectStream(input, video)
  const round: Packet[] = []
  for await (const packet of packetsOf(input, video)) round.push(packet.clone()!)
  const start = round.reduce((least, { pts }) => (pts < least ? pts : least), round[0].pts)
  const end = round.reduce((most, { pts, duration }) => (pts + duration > most ? pts + duration : most), 0n)
  const { num, den } = video.timeBase
  const rounds = Math.ceil((seconds * den) / num / Number(end - start))

  await using output = await openOutput(out, 'mp4', [{ copied: video.codecpar, timeBase: video.timeBase }], {
    fflags: '+bitexact',
    video_track_timescale: String(den)
  })
  for (let i = 0n; i < rounds; i++)
    for (const packet of round) {
      using again = packet.clone()!
      again.pts += i * (end - start)
      again.dts += i * (end - start)
      again.rescaleTs(video.timeBase, output.streams[0].timeBase)
      await output.write(again, 0)
    }
  await output.end()
  for (const packet of round) packet.free()
  return rounds * round.length
}
