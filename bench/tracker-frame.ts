import { followed } from '../cli/follow.ts'
import { decodePicture } from '../layers/inference/picture.ts'
import type { Session } from '../layers/inference/session.ts'
import type { Tlwh } from '../models/box.ts'
import { openFollower, searchFactors, type SystemName } from '../tasks/track/systems.ts'
import { lapTimer } from './lap.ts'

/**
 * Milliseconds of each part of a frame's way through a tracker: from JPEG to pixels, the crop around the last box, the
 * network's run, all that brings tensors to the runtime's thread and back, and from its outputs to a box. `template` is
 * the run of the other network, which most frames do without.
 */
export interface TrackerLaps {
  decode: number
  crop: number
  forward: number
  handOver: number
  box: number
  template: number
}

/** `take` goes a frame's way through a tracker, as the one behind the frame in which `box` was given. */
export const openTracking = (
  system: SystemName,
  variant: string,
  sessions: Readonly<Record<string, Session>>,
  box: Tlwh
) => {
  let lap = lapTimer()
  let run = { crop: 0, forward: 0, all: 0 }
  const follower = openFollower(
    { system, variant },
    { searchFactor: searchFactors(system, variant) },
    async (feeds, graph) => {
      const crop = lap()
      const before = sessions[graph].seconds
      const outputs = await sessions[graph].run(feeds)
      run = { crop, forward: (sessions[graph].seconds - before) * 1000, all: lap() }
      return outputs
    }
  )

  const take = async (jpeg: Uint8Array): Promise<TrackerLaps> => {
    lap = lapTimer()
    const picture = await decodePicture(jpeg)
    const decode = lap()
    const state = await follower.start(picture, box)
    const { forward: template } = run
    lap()
    await follower.step(state, picture)
    const { crop, forward, all } = run
    return { decode, crop, forward, handOver: all - forward, box: lap(), template }
  }

  /** The way of many frames as the task goes it, the next one being decoded while the network runs: milliseconds of one. */
  const loop = async (jpegs: readonly Uint8Array[]) => {
    const seconds = () => Object.values(sessions).reduce((sum, session) => sum + session.seconds, 0)
    const [start, before] = [performance.now(), seconds()]
    // The same way each time: boxes are of no interest.
    await Array.fromAsync(followed(follower, jpegs, decodePicture, box))
    const [wall, within] = [performance.now() - start, (seconds() - before) * 1000]
    return { wall: wall / jpegs.length, within: within / jpegs.length }
  }
  return { take, loop }
}
