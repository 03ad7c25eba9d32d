import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Assembly } from '../../bench/emulation/assembly.ts'
import { canMakeRoots } from '../../bench/emulation/root.ts'
import { street } from '../e2e/cli.ts'
import { deploy, type Deployment } from './deployment.ts'
import { runHere } from './one-machine.ts'
import { resultsOf } from './results.ts'
import { synthesise } from './synthesise.ts'

const key = 'track-many/street.mp4'

/** Uploads the clip, and has the event delivered. */
const upload = async ({ uploads, uploaded, deliver }: Deployment) => {
  await uploads.uploadFile(key, street, { contentType: 'video/mp4' })
  await expect.poll(() => uploaded).toHaveLength(1)
  await deliver(uploaded[0])
  return uploaded[0]
}

describe.skipIf(!canMakeRoots())(
  'a clip in the synthesised cloud (needs Linux and the right to mount)',
  { timeout: 180_000 },
  () => {
    let folder: string
    let here: Awaited<ReturnType<typeof runHere>>
    let lambda: Assembly
    beforeAll(async () => {
      folder = mkdtempSync(path.join(tmpdir(), 'clipmill-synth-'))
      lambda = synthesise(path.join(folder, 'lambda'))
      here = await runHere(path.join(folder, 'here'), key, street)
    }, 180_000)
    afterAll(() => rmSync(folder, { recursive: true, force: true }))

    it('gives the bytes of one machine, and one execution however often its event comes', async () => {
      await using cloud = await deploy(lambda)
      const event = await upload(cloud)
      const [{ done }] = cloud.services.executions
      await cloud.deliver(event)
      await done
      expect(await resultsOf(cloud.results, key)).toEqual(here)

      await cloud.deliver(event)
      expect(cloud.services.executions).toHaveLength(1)
      expect(cloud.services.told[lambda.outputs.Bus].map(({ type }) => type)).toEqual([
        'job.accepted',
        'job.started',
        'job.completed'
      ])
      const calls = [
        ...['plan', 'decode 0', 'decode 1', 'infer-track-many detect 0', 'infer-track-many detect 1'],
        ...['infer-track-many associate', 'render 0', 'render 1', 'store']
      ]
      expect(cloud.calls.filter(call => call !== 'intake').toSorted()).toEqual(calls.toSorted())
      expect(cloud.errors).toEqual([])
      // Each role allows what its function does, as was seen; whether it allows more is for the template's tests.
      expect(cloud.denied).toEqual([])

      for (const [name, { started, peakMb }] of Object.entries(cloud.functions)) {
        const { memoryMb } = Object.values(lambda.functions).find(
          ({ environment }) => environment.POWERTOOLS_SERVICE_NAME === name
        )!
        expect([name, started]).toEqual([
          name,
          calls.some(call => /^(decode|infer|render)/.test(name) && call.startsWith(`${name} `)) ? 2 : 1
        ])
        expect(peakMb, name).toBeLessThan(memoryMb)
      }
    })

    it('begins nothing for what is neither clip nor ticket', async () => {
      await using cloud = await deploy(lambda)
      await cloud.uploads.put('notes/today.txt', 'sunny', { contentType: 'text/plain' })
      await expect.poll(() => cloud.uploaded).toHaveLength(1)
      expect(await cloud.deliver(cloud.uploaded[0])).toEqual([])
    })

    it('gives the same bytes where one function is killed in mid-write and another runs out of time', async () => {
      let killed = false
      await using cloud = await deploy(lambda, {
        killAt: ({ method, key }) => {
          if (killed || method === 'GET' || !key.endsWith('pictures/000001.bin')) return undefined
          killed = true
          return 'decode 1'
        },
        timeout: (call, turn) => (call === 'infer-track-many detect 0' && turn === 1 ? 1 : undefined)
      })
      await upload(cloud)
      await cloud.services.executions[0].done
      expect(cloud.errors.toSorted()).toEqual([
        'decode 1: Runtime.ExitError',
        'infer-track-many detect 0: Sandbox.Timedout'
      ])
      expect(await resultsOf(cloud.results, key)).toEqual(here)
      expect(cloud.calls.filter(call => call === 'decode 1')).toHaveLength(2)
    })

    it('gives the same bytes where its models run in containers of AWS Batch, which answer by their tokens, and one of them is lost', async () => {
      const batch = synthesise(path.join(folder, 'batch'), { compute: { 'track-many': 'batch' } })
      let killed = false
      await using cloud = await deploy(batch, {
        killAt: ({ method, key }) => {
          if (killed || method !== 'GET' || !key.endsWith('pictures/000001.bin')) return undefined
          killed = true
          return 'batch detect 1'
        }
      })
      await upload(cloud)
      await cloud.services.executions[0].done
      expect(await resultsOf(cloud.results, key)).toEqual(here)
      expect(cloud.calls.filter(call => call.startsWith('batch')).toSorted()).toEqual([
        'batch detect 0',
        'batch detect 1',
        'batch detect 1',
        'batch-ended'
      ])
      expect([cloud.errors, cloud.denied]).toEqual([['batch detect 1: worker-lost'], []])
      expect(cloud.services.heartbeats).toBeGreaterThanOrEqual(2)
    })
  }
)
