import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import net, { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Fault } from '../../events/faults.ts'
import type { Invocation } from '../../local/messages.ts'
import { startWorkers } from '../../local/workers.ts'
import { childrenOf } from '../processes.ts'

/** Workers whose storage takes every connection and never answers, so that a function waits for ever. */
const hangingWorkers = async (count: number) => {
  const connections = new Set<net.Socket>()
  const silent = net.createServer(connection => connections.add(connection)).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const scratch = await mkdtemp(path.join(tmpdir(), 'clipmill-workers-'))
  const workers = startWorkers(
    count,
    {
      CLIPMILL_UPLOADS: 'uploads',
      CLIPMILL_RESULTS: 'results',
      CLIPMILL_SCRATCH: scratch,
      CLIPMILL_S3_ENDPOINT: `http://127.0.0.1:${(silent.address() as AddressInfo).port}`,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test'
    },
    () => undefined
  )
  onTestFinished(async () => {
    await workers[Symbol.asyncDispose]()
    for (const connection of connections) connection.destroy()
    silent.close()
    await rm(scratch, { recursive: true })
  })
  return { ...workers, scratch }
}
const pids = () => childrenOf('local/worker')
const untilWorking = async () => {
  while (pids().length === 0) await new Promise(resolve => setTimeout(resolve, 20))
}

describe('workers', () => {
  it('one that takes too long is killed, and there is room for the next', async () => {
    const workers = await hangingWorkers(1)
    for (let i = 0; i < 2; i++)
      await expect(workers.invoke('plan', { job: 'x' }, 1)).rejects.toMatchObject({
        code: 'step-timeout',
        details: { step: 'plan', seconds: 1 }
      })
  })

  it('one that dies at work says so', async () => {
    const workers = await hangingWorkers(1)
    const call = workers.invoke('plan', { job: 'x' }, 60)
    call.catch(() => undefined)
    await untilWorking()
    process.kill(pids()[0], 'SIGKILL')
    await expect(call).rejects.toMatchObject({ code: 'worker-lost', details: { reason: 'SIGKILL' } })
  })

  it('one that dies while idle is replaced', async () => {
    const workers = await hangingWorkers(1)
    // An event that is not of the schema is answered without any storage.
    await expect(workers.invoke('plan', {}, 60)).rejects.toMatchObject({ code: 'internal-error' })
    const [pid] = pids()
    process.kill(pid, 'SIGKILL')
    // Until its end is known a call may still meet it, and is told so; then another one is there.
    const codes: string[] = []
    while (codes.length === 0 || codes.at(-1) === 'worker-lost')
      await workers.invoke('plan', {}, 60).catch((error: unknown) => codes.push((error as Fault).code))
    expect(codes.at(-1)).toBe('internal-error')
    expect(codes.length).toBeLessThan(4)
  })

  it('a call that waits for one ends when it is cancelled, and the next in the row gets its turn', async () => {
    const workers = await hangingWorkers(1)
    const [first, second] = [new AbortController(), new AbortController()]
    const calls = [first, second].map(({ signal }) => workers.invoke('plan', { job: 'x' }, 60, signal))
    const last = workers.invoke('plan', {}, 60)
    second.abort(new Error('cancelled'))
    await expect(calls[1]).rejects.toThrow('cancelled')
    first.abort()
    await expect(calls[0]).rejects.toMatchObject({ code: 'worker-lost' })
    await expect(last).rejects.toMatchObject({ code: 'internal-error' })
  })

  it('one that cannot be started says so', async () => {
    const { execPath } = process
    process.execPath = '/nowhere/node'
    onTestFinished(() => void (process.execPath = execPath))
    const workers = await hangingWorkers(1)
    for (let i = 0; i < 2; i++)
      await expect(workers.invoke('plan', {}, 60)).rejects.toMatchObject({ code: 'worker-lost' })
  })

  it('one whose parent is gone while it answers ends at once, without a word', async () => {
    const scratch = await mkdtemp(path.join(tmpdir(), 'clipmill-workers-'))
    onTestFinished(() => rm(scratch, { recursive: true }))
    const worker = fork(new URL('../../local/worker.ts', import.meta.url), {
      env: {
        ...process.env,
        CLIPMILL_UPLOADS: 'uploads',
        CLIPMILL_RESULTS: 'results',
        CLIPMILL_SCRATCH: scratch
      },
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc']
    })
    const said = text(worker.stderr!)
    const invocation: Invocation = { id: 0, function: 'plan', event: {}, limit: 1000 }
    worker.send(invocation)
    worker.disconnect()
    expect(await once(worker, 'exit')).toEqual([null, 'SIGKILL'])
    expect(await said).toBe('')
  })

  it('what one has in its scratch folder goes with it', async () => {
    const { scratch, ...workers } = await hangingWorkers(1)
    await expect(workers.invoke('plan', {}, 60)).rejects.toMatchObject({ code: 'internal-error' })
    const [before] = await readdir(scratch)
    process.kill(pids()[0], 'SIGKILL')
    await expect.poll(() => readdir(scratch)).not.toContain(before)
    await workers[Symbol.asyncDispose]()
    expect(await readdir(scratch)).toEqual([])
  })

  it('closed, they let everything that waits fail', async () => {
    const workers = await hangingWorkers(1)
    const calls = [1, 2, 3].map(() => workers.invoke('plan', { job: 'x' }, 60))
    for (const call of calls) call.catch(() => undefined)
    await untilWorking()
    await workers[Symbol.asyncDispose]()
    for (const call of calls) await expect(call).rejects.toMatchObject({ code: 'worker-lost' })
  })
})
