import type { Overlay, PictureStage } from '../../tasks/define.ts'
import type { Work } from './job.ts'

type Video = { name: string; format: string } & ({ made: PictureStage } | { overlay: Overlay })

/** The video among a job's results: pictures that a stage made, or the clip with an overlay; undefined where there is none. */
export const videoOf = ({ task, job }: Pick<Work, 'task' | 'job'>): Video | undefined => {
  const made = task.stages.find(stage => stage.kind === 'pictures')
  if (made) return { name: made.video, format: 'Video', made }
  const overlay = task.overlay(job.options)
  return overlay && { name: 'overlay.mp4', format: 'Overlay video', overlay }
}
