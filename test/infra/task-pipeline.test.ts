import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { StateMachine } from 'aws-local-stepfunctions'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { manifest as manifestSchema } from '../../events/manifest.ts'
import { Fault } from '../../events/faults.ts'
import { chain, retry, segmentFaults } from '../../functions/chain.ts'
import { ensureModels } from '../../local/models.ts'
import { tasks } from '../../tasks/index.ts'
import { street } from '../e2e/cli.ts'
import { statesOf, synthesise } from './definition.ts'
import { PlatformError } from './interpreter.ts'
import { walk } from './walk.ts'

describe.each(Object.values(tasks))('the state machine of $name', task => {
  const { definition, template } = synthesise(task)
  const states = statesOf(definition)
  const calls = states.filter(([, { Type }]) => Type === 'Task')

  it('is Amazon States Language', () => {
    expect(() => new StateMachine(definition as never)).not.toThrow()
    expect(JSON.stringify(definition).length).toBeLessThan(1_000_000)
    for (const [name] of states) expect(name.length).toBeLessThanOrEqual(80)
  })

  it('has a state for each call of the chain, with its time limit', () => {
    const called = chain(task).flatMap(step => (step.kind === 'each' ? step.calls : step.call))
    for (const { function: name, stage, timeoutSeconds } of called)
      expect(calls.map(([, state]) => state)).toContainEqual(
        expect.objectContaining({
          Resource: expect.stringMatching(`:${name}$`) as string,
          TimeoutSeconds: timeoutSeconds,
          Parameters: expect.objectContaining({ 'job.$': '$.job', ...(stage && { stage }) }) as object
        })
      )
  })

  it('tries again by the names of errors: what the table of faults says, and what the cloud itself does', () => {
    for (const [, { Retry }] of calls) {
      expect(Retry![0]).toMatchObject({
        IntervalSeconds: retry.firstDelaySeconds,
        BackoffRate: retry.backoffRate,
        MaxDelaySeconds: retry.maxDelaySeconds,
        MaxAttempts: retry.attempts - 1
      })
      const names = Retry!.flatMap(({ ErrorEquals }) => ErrorEquals)
      expect(new Set(names).size).toBe(names.length)
      expect(names).toEqual(
        expect.arrayContaining([
          'worker-lost',
          'storage-unavailable',
          'Sandbox.Timedout',
          'Lambda.TooManyRequestsException'
        ])
      )
      for (const never of ['clip-damaged', 'disk-full', 'internal-error', 'States.ALL', 'States.TaskFailed'])
        expect(names).not.toContain(never)
    }
  })

  it('gives a segment up for what concerns it alone, and lets no other failure go untold', () => {
    const telling = calls.filter(([, { Parameters }]) => 'failure.$' in Parameters!).map(([name]) => name)
    for (const [name, { Type, Parameters, Catch = [] }] of states) {
      if (name.startsWith('Tell') || !['Task', 'Map'].includes(Type)) continue
      const last = Catch.at(-1)!
      expect(last.ErrorEquals, name).toEqual(['States.ALL'])
      expect(telling).toContain(last.Next)
      if (telling.includes(name) || !('segment.$' in (Parameters ?? {}))) continue
      expect(telling).toContain(Catch[0].Next)
      expect(Catch[0].ErrorEquals).toEqual([
        ...segmentFaults,
        'States.Timeout',
        'States.HeartbeatTimeout',
        'Sandbox.Timedout',
        'Lambda.Unknown',
        'Runtime.ExitError',
        'Runtime.OutOfMemory'
      ])
    }
  })

  it('gathers next to nothing of its segments, however many they are', () => {
    const within = states.flatMap(([, { ItemProcessor }]) => (ItemProcessor ? statesOf(ItemProcessor) : []))
    const ends = within.filter(([, { End }]) => End)
    expect(ends.length).toBeGreaterThan(0)
    // Their answers become `{}`: 3 bytes a segment of the 256 KiB that a state may hold.
    for (const [, { OutputPath }] of ends) expect(OutputPath).toBeNull()
  })

  it('may invoke the functions, read the results bucket and start its own segments, and nothing else', () => {
    const policies = Object.values(template.findResources('AWS::IAM::Policy')) as {
      Properties: { PolicyDocument: { Statement: { Action: string | string[]; Resource: unknown }[] } }
    }[]
    const statements = policies.flatMap(({ Properties }) => Properties.PolicyDocument.Statement)
    const actions = new Set(statements.flatMap(({ Action }) => Action).map(action => action.split(':')[0]))
    expect(actions).toEqual(new Set(['lambda', 's3', 'states', 'logs', 'xray']))
    expect(
      statements.filter(({ Action }) => [Action].flat().some(action => action.startsWith('s3:')))
    ).toEqual([expect.objectContaining({ Action: 's3:GetObject' })])
    for (const { Action, Resource } of statements)
      if (Resource === '*') expect([Action].flat().every(action => /^(logs|xray):/.test(action))).toBe(true)
  })
})

describe('the interpreted machine, beside the runner of one machine', { timeout: 180_000 }, () => {
  let folder: string
  let models: string
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'clipmill-machine-'))
    models = path.join(folder, 'models')
    await ensureModels(models, ['clipmill-person-nano'])
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  /** All but what differs from run to run. */
  const comparable = ({ 'manifest.json': manifest, ...others }: Record<string, Buffer>) => ({
    ...others,
    ...(manifest && {
      manifest: { ...manifestSchema.parse(JSON.parse(manifest.toString())), timings: undefined }
    })
  })
  const expectSame = (machine: Record<string, Buffer>, runner: Record<string, Buffer>) => {
    expect(Object.keys(machine)).toEqual(Object.keys(runner))
    expect(comparable(machine)).toEqual(comparable(runner))
  }

  it('gives the same bytes, also where a step is tried again and a fold stops ahead of its time', async () => {
    const runner = await walk('runner', street, models)
    const machine = await walk('machine', street, models, (call, turn) => {
      if (call === 'decode 1' && turn === 1) throw new PlatformError('Runtime.ExitError', '')
    })
    expect([runner.error, machine.error]).toEqual([undefined, undefined])
    expect(Object.keys(runner.results)).toHaveLength(7)
    expectSame(machine.results, runner.results)
    expect(machine.announced.at(-1)).toMatchObject({ type: 'job.completed' })

    expect(machine.calls.filter(call => call === 'decode 1')).toHaveLength(2)
    expect(machine.calls.filter(call => call === 'infer associate')).toHaveLength(2)
    expect(new Set(machine.calls)).toEqual(new Set(runner.calls))
    // Nothing but pointers.
    expect(machine.largest).toBeLessThan(100)
  })

  it('ends in part, with the same bytes, where one segment alone is at fault', async () => {
    const damaged = new Fault('clip-damaged', {
      file: 'street.mp4',
      firstFrame: 60,
      lastFrame: 119,
      decoded: 0
    })
    const trouble = (call: string) => {
      if (call === 'decode 1') throw damaged
    }
    const runner = await walk('runner', street, models, trouble)
    const machine = await walk('machine', street, models, trouble)
    expect(machine.error).toBeUndefined()
    expectSame(machine.results, runner.results)
    expect(machine.announced.at(-1)).toMatchObject({
      type: 'job.partial',
      missing: [{ first: 60, last: 119, fault: damaged.toJSON() }]
    })
    expect(machine.calls).not.toContain('infer detect 1')
  })

  it('fails with what the function threw, whole, where the clip is none', async () => {
    const notes = path.join(folder, 'notes.mp4')
    await writeFile(notes, 'walk the dog\n'.repeat(100))
    const machine = await walk('machine', notes, models)
    expect(machine.error).toBe('clip-not-video')
    expect(machine.calls).toEqual(['plan', 'store failure'])
    expect(Object.keys(machine.results)).toEqual(['error.json'])
    expect(JSON.parse(machine.results['error.json'].toString())).toMatchObject(
      new Fault('clip-not-video', { file: 'notes.mp4', found: 'text' }).toJSON()
    )
    expect(machine.announced.at(-1)).toMatchObject({ type: 'job.failed' })
    expect(machine.entered).toEqual(['Plan', 'Tell of the failure', 'Failed'])
  })

  it('fails as a whole, told of once, where a segment meets what is not its own', async () => {
    const denied = new Fault('storage-denied', { bucket: 'results', key: 'jobs/x', reason: 'AccessDenied' })
    const machine = await walk('machine', street, models, call => {
      if (call === 'decode 0') throw denied
    })
    expect(machine.error).toBe('States.ExceedToleratedFailureThreshold')
    expect(JSON.parse(machine.results['error.json'].toString())).toMatchObject(denied.toJSON())
    expect(machine.calls.filter(call => call.startsWith('store'))).toEqual(['store failure'])
    expect(machine.entered.at(-1)).toBe('Failed')
  })

  it('tells which step it was where the cloud gives up on it', async () => {
    const machine = await walk('machine', street, models, call => {
      if (call === 'plan') throw new PlatformError('States.Timeout', '')
    })
    expect(machine.error).toBe('step-timeout')
    expect(machine.calls).toEqual([...Array<string>(retry.attempts).fill('plan'), 'store failure'])
    expect(JSON.parse(machine.results['error.json'].toString())).toMatchObject(
      new Fault('step-timeout', { step: 'plan', seconds: 900 }).toJSON()
    )
  })
})
