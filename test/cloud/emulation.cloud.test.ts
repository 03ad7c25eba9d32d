import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { emulate, type EmulatedFunction } from '../../bench/emulation/lambda.ts'
import { canMakeRoots } from '../../bench/emulation/root.ts'

/** A function that does what its event says. */
const probe = `
import { existsSync, writeFileSync } from 'node:fs'
import { spawn } from 'node:child_process'
const held = []
const tried = place => {
  try { writeFileSync(place + '/written', 'x'.repeat(1e6)); return 'written' } catch ({ code }) { return code }
}
export const handler = async ({ what, error }, context) => {
  if (what === 'look')
    return {
      wrote: Object.fromEntries(['/', '/var/task', '/opt', '/var/runtime', '/tmp'].map(place => [place, tried(place)])),
      there: ['/home', '/root', '/usr/bin', '/opt/first', '/opt/second'].filter(place => existsSync(place)),
      names: Object.keys(process.env),
      user: process.getuid(), folder: process.cwd(), remaining: context.getRemainingTimeInMillis()
    }
  if (what === 'fill')
    try { writeFileSync('/tmp/much', Buffer.alloc(20e6)); return 'written' } catch ({ code }) { return code }
  if (what === 'hold') for (;;) {
    held.push(Buffer.alloc(10e6, 1))
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  if (what === 'hang') {
    spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)'])
    return new Promise(() => undefined)
  }
  if (what === 'exit') process.exit(3)
  if (what === 'throw') throw Object.assign(new Error('no'), { name: 'own-error' })
  if (what === 'talk') return 'x'.repeat(7e6)
}`

describe.skipIf(!canMakeRoots())('an emulated function (needs Linux and the right to mount)', () => {
  let folder: string
  let emulated: EmulatedFunction
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'clipmill-emulation-'))
    for (const name of ['task', 'a', 'b']) mkdirSync(path.join(folder, name))
    writeFileSync(path.join(folder, 'task/index.mjs'), probe)
    writeFileSync(path.join(folder, 'a/first'), '')
    writeFileSync(path.join(folder, 'b/second'), '')
    emulated = emulate(
      {
        arn: 'arn:aws:lambda:us-east-1:000000000000:function:probe',
        task: path.join(folder, 'task'),
        layers: [path.join(folder, 'a'), path.join(folder, 'b')],
        handler: 'index.handler',
        memoryMb: 256,
        timeoutSeconds: 3,
        storageMb: 16,
        environment: { OWN: '1' },
        statements: []
      },
      { most: 1, folder, besides: {}, log: () => undefined }
    )
  })
  afterAll(async () => {
    await emulated.close()
    rmSync(folder, { recursive: true })
  })

  it('finds itself and its layers, may write to /tmp alone, and has no environment but Lambda’s and its own', async () => {
    const found = (await emulated.invoke({ what: 'look' })) as Record<string, unknown>
    expect(found).toMatchObject({
      wrote: {
        '/': 'EROFS',
        '/var/task': 'EROFS',
        '/opt': 'EROFS',
        '/var/runtime': 'EROFS',
        '/tmp': 'written'
      },
      there: ['/opt/first', '/opt/second'],
      user: 993,
      folder: '/var/task'
    })
    expect(found.remaining).toBeGreaterThan(2000)
    expect(found.remaining).toBeLessThanOrEqual(3000)
    const own = (found.names as string[]).filter(
      name => !/^(AWS_|LAMBDA_|LD_|NODE_|_|PATH|LANG|TZ)/.test(name)
    )
    expect(own).toEqual(['OWN'])
  })

  it('has no more of /tmp than it was given', async () => {
    expect(await emulated.invoke({ what: 'fill' })).toBe('ENOSPC')
  })

  it('is kept warm', async () => {
    const before = emulated.started
    await emulated.invoke({ what: 'look' })
    expect(emulated.started).toBe(before)
  })

  it.each([
    ['throw', 'own-error'],
    ['exit', 'Runtime.ExitError'],
    ['hold', 'Runtime.OutOfMemory'],
    ['hang', 'Sandbox.Timedout'],
    ['talk', 'Function.ResponseSizeTooLarge']
  ])('where it would %s, that ends as %s, and the next event finds it well', async (what, name) => {
    await expect(emulated.invoke({ what })).rejects.toMatchObject({ name })
    expect(await emulated.invoke({ what: 'look' })).toMatchObject({ folder: '/var/task' })
  })

  it('takes no more events at a time than it has environments', async () => {
    const first = emulated.invoke({ what: 'look' })
    await expect(emulated.invoke({ what: 'look' })).rejects.toMatchObject({
      name: 'Lambda.TooManyRequestsException'
    })
    await first
  })
})
