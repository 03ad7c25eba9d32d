import { ALL_FORMATS, EncodedPacketSink, FilePathSource, Input } from 'mediabunny'

/** What a demuxer that shares no code with FFmpeg finds in a file: its pictures' times in seconds, ascending. */
export const probeIndependently = async (file: string) => {
  using input = new Input({ source: new FilePathSource(file), formats: ALL_FORMATS })
  const track = (await input.getPrimaryVideoTrack())!
  const packets = await Array.fromAsync(new EncodedPacketSink(track).packets())
  return {
    times: packets.map(({ timestamp }) => timestamp).toSorted((a, b) => a - b),
    width: await track.getDisplayWidth(),
    height: await track.getDisplayHeight(),
    sound: (await input.getPrimaryAudioTrack()) !== null
  }
}
