import type { Announcement } from '../events/announcement.ts'
import { taskNamed } from '../tasks/index.ts'
import type { Task } from '../tasks/define.ts'

/** A step's share of the time, roughly; only the estimate of what is left hangs on it. */
const cost = { decode: 1, each: 8, fold: 0.1, render: 1.5, store: 0.5 }

interface Step {
  name: string
  label: string
  cost: number
  /** Frames done by segment. */
  done: Map<number, number>
}

const stepsOf = (task: Task): Step[] => [
  { name: 'decode', label: 'decode', cost: cost.decode, done: new Map() },
  ...task.stages.map(({ name, kind }) => ({
    name,
    label: `infer ${name}`,
    cost: cost[kind],
    done: new Map()
  })),
  { name: 'render', label: 'render', cost: cost.render, done: new Map() },
  { name: 'store', label: 'store', cost: cost.store, done: new Map() }
]

const framesDone = ({ done }: Step) => [...done.values()].reduce((sum, frames) => sum + frames, 0)

/**
 * Follows the announcements of one job after the other on one line of a terminal, or, where there is none, in a line
 * every five seconds.
 */
export const createProgress = (
  stream: { isTTY?: boolean; columns?: number; write: (text: string) => unknown },
  now: () => number = () => performance.now()
) => {
  let job: { id: string; clip: string; task: Task; steps: Step[]; frames: number; start: number } | undefined
  let shownAt = -Infinity
  let phase = ''

  const show = (text: string, always: boolean) => {
    if (!always && now() - shownAt < (stream.isTTY ? 100 : 5000)) return
    shownAt = now()
    stream.write(stream.isTTY ? `\r\u001b[2K${text.slice(0, (stream.columns ?? 80) - 1)}` : `${text}\n`)
  }

  const line = () => {
    const { clip, steps, frames, start } = job!
    if (frames === 0) return `${clip}  plan`
    const work = steps.reduce((sum, step) => sum + step.cost * frames, 0)
    const part = steps.reduce((sum, step) => sum + step.cost * Math.min(frames, framesDone(step)), 0) / work
    const elapsed = (now() - start) / 1000
    const counts = steps.map(step => `${step.label} ${framesDone(step)}`).join('  ')
    const rate = part > 0 ? `  ${((part * frames) / elapsed).toFixed(1)} frames/s` : ''
    const left = part > 0.02 ? `  ${clock((elapsed * (1 - part)) / part)} left` : ''
    return `${clip}  ${counts}  of ${frames} frames${rate}${left}`
  }

  /** The step furthest on that has begun: each new one is shown even where lines are rare. */
  const phaseNow = () => job!.steps.findLast(step => step.done.size > 0)?.name ?? 'plan'

  return {
    take(announcement: Announcement) {
      if (
        announcement.type === 'job.accepted' ||
        (announcement.type === 'job.started' && announcement.job !== job?.id)
      ) {
        const task = taskNamed(announcement.task)
        const clip = announcement.clip.replace(/^clips\//, '')
        job = { id: announcement.job, clip, task, steps: stepsOf(task), frames: 0, start: now() }
        phase = ''
      }
      if (!job || !('job' in announcement) || announcement.job !== job.id) return
      if (announcement.type === 'job.started') job.frames = announcement.frames
      if (announcement.type === 'job.progress')
        job.steps
          .find(step => step.name === announcement.step)
          ?.done.set(announcement.segment, announcement.frames)
      const ended = announcement.type === 'job.completed'
      if (ended) for (const step of job.steps) step.done = new Map([[0, job.frames]])
      const entered = phaseNow()
      show(line(), entered !== phase || ended)
      phase = entered
    },
    /** Clears the way for other output. */
    end() {
      if (stream.isTTY && job) stream.write('\n')
      job = undefined
    }
  }
}

const clock = (seconds: number) => {
  const whole = Math.round(seconds)
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`
}
