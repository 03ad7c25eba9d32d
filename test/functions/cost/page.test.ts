import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { dollars } from '../../../events/faults.ts'
import { chain, stepOf } from '../../../functions/chain.ts'
import { costBasisOf, mostInstances } from '../../../functions/cost/basis.ts'
import { estimate } from '../../../functions/cost/estimate.ts'
import { prices } from '../../../functions/cost/prices.ts'
import { frameSpeed, gpus, sharedOut } from '../../../functions/cost/speeds.ts'
import { tasks } from '../../../tasks/index.ts'
import { hd, fullHd, planned } from './clips.ts'

const page = path.resolve(import.meta.dirname, '../../../docs/costs.md')

const table = (head: string[], rows: string[][]) =>
  [head, head.map(() => '---'), ...rows].map(row => `| ${row.join(' | ')} |`).join('\n')

const box = [100, 100, 50, 50]

/** Options and deployments that are worth a row, by task. */
const cases: Record<string, { options: object; basis: Parameters<typeof costBasisOf>[0]; says: string }[]> = {
  'track-many': [
    { options: {}, basis: {}, says: 'as it comes' },
    { options: { overlay: false }, basis: {}, says: 'no overlay' },
    { options: {}, basis: { size: 'small' }, says: 'size small' },
    { options: {}, basis: { size: 'large', architecture: 'x64' }, says: 'size large, x64' },
    { options: { detector: 'yolox-x' }, basis: {}, says: 'yolox-x' },
    {
      options: { detector: 'yolox-x' },
      basis: { compute: { 'track-many': 'batch' } },
      says: 'yolox-x, batch'
    },
    { options: { detector: 'yolox-x' }, basis: { compute: { 'track-many': 'gpu' } }, says: 'yolox-x, gpu' }
  ],
  track: [
    { options: { box }, basis: {}, says: 'as it comes' },
    { options: { box, model: 'romtrack-base-384' }, basis: {}, says: 'romtrack-base-384' },
    {
      options: { box, model: 'romtrack-base-384' },
      basis: { compute: { track: 'gpu' } },
      says: 'romtrack-base-384, gpu'
    }
  ],
  interpolate: [
    { options: {}, basis: {}, says: 'as it comes' },
    { options: {}, basis: { compute: { interpolate: 'gpu' } }, says: 'gpu' }
  ],
  upscale: [
    { options: { model: 'mine' }, basis: {}, says: 'maxsr-light, twice' },
    { options: { model: 'mine' }, basis: { compute: { upscale: 'gpu' } }, says: 'maxsr-light, twice, gpu' }
  ]
}

const clips = [
  { says: '1 min 720p25', clip: hd(60), jobs: 1 },
  { says: '1 min 1080p30', clip: fullHd(60), jobs: 1 },
  { says: '1,000 × 30 s 720p25', clip: hd(30), jobs: 1000 }
]

const examples = () => {
  const head = [
    'task',
    'clips',
    'wall',
    'sum',
    'Lambda',
    'GPU',
    'Step Functions',
    'S3, events',
    'total',
    'Rekognition'
  ]
  const rows = Object.entries(cases).flatMap(([task, cases]) =>
    cases.flatMap(({ options, basis, says }) =>
      clips.map(({ says: what, clip, jobs }) => {
        const { seconds, dollars: by } = estimate(planned(task, options, clip), costBasisOf(basis))
        // Clips that come together share the start of instances.
        const money = (sum: number, once = 0) => (sum === 0 ? '' : dollars(jobs * (sum - once) + once))
        const minutes = clip.video.frames / clip.video.frameRate.num / 60
        return [
          `${task}, ${says}`,
          what,
          jobs > 1 ? '' : `${Math.round(seconds.wall)} s`,
          jobs > 1 ? `${Math.round((jobs * seconds.sum) / 3600)} h` : `${Math.round(seconds.sum)} s`,
          money(by.functions + by.scratch + by.invocations),
          money(by.instances + by.starts, by.starts),
          money(by.transitions),
          money(by.objects + by.events),
          money(by.total, by.starts),
          dollars(jobs * minutes * prices.rekognitionMinute)
        ]
      })
    )
  )
  return table(head, rows)
}

const milliseconds = (seconds: number) => `${Number((seconds * 1000).toPrecision(2))} ms`

/** Options of which each takes its own time, by task. */
const models: Record<string, { options: object; says: string }[]> = {
  'track-many': ['clipmill-person-nano', 'yolox-tiny', 'yolox-s', 'yolox-m', 'yolox-l', 'yolox-x'].map(
    detector => ({ options: { detector }, says: detector })
  ),
  track: [
    'mixformerv2-s',
    'mixformerv2-b',
    'romtrack-tiny-256',
    'romtrack-small-256',
    'romtrack-base-256',
    'romtrack-base-384',
    'romtrack-large-384'
  ].map(model => ({ options: { box, model }, says: model })),
  interpolate: [{ options: {}, says: 'dqbc, twice the frames' }],
  upscale: [{ options: { model: 'mine' }, says: 'maxsr-light, twice' }]
}

const speeds = () => {
  const jobs = [hd(60), fullHd(60)]
  const rows = Object.values(tasks).flatMap(task =>
    chain(task)
      .flatMap(step => (step.kind === 'each' ? step.calls : [step.call]))
      // The same as forward, on the frames of the other side.
      .filter(call => call.stage !== 'backward')
      .flatMap(call => {
        const runs = task.stages.some(stage => stage.model && stage.name === stepOf(call))
        return (runs ? models[task.name] : models[task.name].slice(0, 1)).map(({ options, says }) => [
          task.name,
          stepOf(call) + (runs ? ` (${says})` : ''),
          ...jobs.map(clip => {
            const { seconds, modelSeconds = 0 } = frameSpeed(planned(task.name, options, clip), call)
            return milliseconds(seconds + modelSeconds)
          })
        ])
      })
  )
  return table(['task', 'step', '720p', '1080p'], rows)
}

const assumptions = () => {
  const same = (value: number) => [String(value), String(value)]
  return table(
    [`assumed, ${gpus.date}`, '`gpu`', '`batch`'],
    [
      ['instances at most', String(mostInstances.gpu), String(mostInstances.batch)],
      ['seconds until an instance is there', ...same(gpus.boot)],
      ['seconds until it has the image, about 4 GB', ...same(gpus.pull)],
      [
        'seconds until the model is on the GPU',
        `${gpus.container}, once an instance`,
        `${gpus.container}, for each segment`
      ],
      [
        'seconds that an instance waits for more work before it goes',
        String(gpus.idle.gpu),
        String(gpus.idle.batch)
      ],
      ['times as fast as one processor, a model on a T4', ...same(gpus.speedup)]
    ]
  )
}

const priceTable = () => {
  const { lambda, s3, idle } = prices
  const fixed = (value: number) => `$${value.toFixed(11).replace(/0+$/, '').replace(/\.$/, '')}`
  return table(
    ['what', `price, ${prices.date}`],
    [
      ['Lambda, GB-second on arm64', fixed(lambda.gbSecond.arm64)],
      ['Lambda, GB-second on x64', fixed(lambda.gbSecond.x64)],
      ['Lambda, a million invocations', fixed(lambda.request * 1e6)],
      ['Lambda, GB-second of /tmp above 512 MB', fixed(lambda.scratchGbSecond)],
      ['g4dn.xlarge, an hour', fixed(prices.gpuHour)],
      ['managed instances of Lambda, times', String(prices.managedInstances)],
      ['Step Functions, 1,000 transitions', fixed(prices.transition * 1000)],
      ['S3, 1,000 PUT, POST or LIST', fixed(s3.put * 1000)],
      ['S3, 1,000 GET or HEAD', fixed(s3.get * 1000)],
      ['S3, a GB a month', fixed(s3.gbMonth)],
      ['EventBridge, a million events', fixed(prices.event * 1e6)],
      [
        'CloudWatch, an alarm a month; a dashboard',
        `${fixed(idle.alarmMonth)}; ${fixed(idle.dashboardMonth)}`
      ],
      ['SQS, a million requests', fixed(idle.queueRequest * 1e6)],
      ['Amazon Rekognition Video, a minute of one analysis', fixed(prices.rekognitionMinute)]
    ]
  )
}

describe('docs/costs.md says what the code computes (UPDATE_DOCS=1 writes it)', () => {
  it('has an example of every task', () => expect(Object.keys(cases)).toEqual(Object.keys(tasks)))

  it.each([
    ['task', /\| task \| clips [^]*?(?=\n\n)/, examples],
    ['speeds', /\| task \| step [^]*?(?=\n\n)/, speeds],
    ['assumptions', /\| assumed[^]*?(?=\n\n)/, assumptions],
    ['prices', /\| what \| price[^]*?(?=\n*$)/, priceTable]
  ])('%s', (_, place, make) => {
    const text = readFileSync(page, 'utf8')
    expect(text).toMatch(place)
    const updated = text.replace(place, make)
    if (process.env.UPDATE_DOCS) writeFileSync(page, updated)
    else expect(text).toBe(updated)
  })

  it('names the assumed figures as the code has them', () => {
    const text = readFileSync(page, 'utf8')
    const { alarmMonth, dashboardMonth, queueRequest, queueRequests } = prices.idle
    const idle = [10 * alarmMonth, dashboardMonth, queueRequests * queueRequest].map(
      sum => `$${sum.toFixed(2)}`
    )
    const shared = (of: 'decode' | 'infer') => Math.round(100 * (1 - sharedOut(of, Infinity)))
    for (const words of [
      `\`decode\` and \`render\` ${shared('decode')} % and of that of a model ${shared('infer')} %`,
      `some ${queueRequests.toLocaleString('en')} requests`,
      `${idle[0]}, ${idle[1]} and ${idle[2]} a month`
    ])
      expect(text).toContain(words)
  })
})
