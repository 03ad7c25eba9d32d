import type { Announcement } from '../events/announcement.ts'
import { taskNamed } from '../tasks/index.ts'
import type { Stage, Task } from '../tasks/define.ts'

/** A step's share of the time, roughly; only the estimate of what is left hangs on it. */
const cost = { decode: 1, pictures: 100, model: 8, rows: 0.1, render: 1.5, store: 0.5 }

interface Step {
  name: string
  label: string
  cost: number
  /** Frames done, by segment and in all. */
  done: Map<number, number>
  total: number
}

const begin = (name: string, label: string, cost: number): Step => ({
  name,
  label,
  cost,
  done: new Map(),
  total: 0
})

const costOf = (stage: Stage) =>
  stage.kind === 'pictures' ? cost.pictures : 'model' in stage ? cost.model : cost.rows

const stepsOf = (task: Task): Step[] => [
  begin('decode', 'decode', cost.decode),
  ...task.stages.map(stage => begin(stage.name, `infer ${stage.name}`, costOf(stage))),
  begin('render', 'render', cost.render),
  begin('store', 'store', cost.store)
]

/** Frames that each step has done: at least those of the steps behind it, which a resumed job may be told of alone. */
const framesDone = (steps: Step[]): number[] =>
  steps.reduceRight<number[]>((behind, { total }) => [Math.max(total, behind[0] ?? 0), ...behind], [])

/**
 * Follows the announcements of one job after the other on one line of a terminal, or, where there is none, in a line
 * every five seconds.
 */
export const createProgress = (
  stream: { isTTY?: boolean; columns?: number; write: (text: string) => unknown },
  now: () => number = () => performance.now()
) => {
  let job: { id: string; clip: string; steps: Step[]; frames: number; start: number } | undefined
  let shownAt = -Infinity
  let phase = ''

  const show = (always: boolean) => {
    if (!always && now() - shownAt < (stream.isTTY ? 100 : 5000)) return
    shownAt = now()
    const text = line()
    stream.write(stream.isTTY ? `\r\u001b[2K${text.slice(0, (stream.columns ?? 80) - 1)}` : `${text}\n`)
  }

  const line = () => {
    const { clip, steps, frames, start } = job!
    if (frames === 0) return `${clip}  plan`
    const work = steps.reduce((sum, step) => sum + step.cost * frames, 0)
    const done = framesDone(steps)
    const part = steps.reduce((sum, step, i) => sum + step.cost * Math.min(frames, done[i]), 0) / work
    const elapsed = (now() - start) / 1000
    const counts = steps.map((step, i) => `${step.label} ${done[i]}`).join('  ')
    const rate = part > 0 ? `  ${((part * frames) / elapsed).toFixed(1)} frames/s` : ''
    const left = part > 0.02 ? `  ${clock((elapsed * (1 - part)) / part)} left` : ''
    return `${clip}  ${counts}  of ${frames} frames${rate}${left}`
  }

  /** The step furthest on that has begun: each new one is shown even where lines are rare. */
  const phaseNow = () => job!.steps.findLast(step => step.total > 0)?.name ?? 'plan'

  return {
    take: (announcement: Announcement) => {
      if (
        announcement.type === 'job.accepted' ||
        (announcement.type === 'job.started' && announcement.job !== job?.id)
      ) {
        const task = taskNamed(announcement.task)
        const { job: id, clip } = announcement
        job = { id, clip, steps: stepsOf(task), frames: 0, start: now() }
        phase = ''
      }
      if (!job || !('job' in announcement) || announcement.job !== job.id) return
      if (announcement.type === 'job.started') job.frames = announcement.frames
      if (announcement.type === 'job.progress') {
        const { segment, frames } = announcement
        const step = job.steps.find(({ name }) => name === announcement.step)
        if (!step) return
        step.total += frames - (step.done.get(segment) ?? 0)
        step.done.set(segment, frames)
      }
      const ended = announcement.type === 'job.completed'
      if (ended) for (const step of job.steps) step.total = job.frames
      const entered = phaseNow()
      show(entered !== phase || ended)
      phase = entered
    },
    /** Clears the way for other output. */
    end: () => {
      if (stream.isTTY && job) stream.write('\n')
      job = undefined
    }
  }
}

const clock = (seconds: number) => {
  const whole = Math.round(seconds)
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`
}
