import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Fault } from '../../events/faults.ts'
import { download, type DownloadOptions } from '../../local/weights-download.ts'
import { openPart, removeParts } from '../../local/weights-part.ts'
import { serveFile, type Manner } from './file-server.ts'

const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7919) >> 3)

const temporaryFolder = async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'clipmill-download-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

const fetched = async (manners: Manner[], options: Partial<DownloadOptions> = {}) => {
  const server = await serveFile(bytes, manners)
  const part = await openPart(await temporaryFolder(), 'file')
  const address = `${server.address}/file.pth`
  const seen: number[] = []
  const take = () =>
    download(address, part, {
      bytes: bytes.length,
      signal: new AbortController().signal,
      progress: done => seen.push(done),
      pauses: [1, 1],
      ...options
    })
  let error: unknown
  await take().catch((thrown: unknown) => (error = thrown))
  const content = await readFile(part.file).catch(() => undefined)
  return { ...server, address, part, take, error, seen, whole: content?.equals(bytes) ?? false, content }
}

describe('download', () => {
  it('takes a file, and says how far it is', async () => {
    const { error, whole, seen, ranges } = await fetched([{}])
    expect({ error, whole, ranges: ranges() }).toEqual({ error: undefined, whole: true, ranges: [undefined] })
    expect(seen[0]).toBe(0)
    expect(seen.at(-1)).toBe(bytes.length)
  })

  it('goes on where a connection was cut, each time', async () => {
    const { error, whole, ranges } = await fetched([{ cutAfter: 100_000 }, { cutAfter: 50_000 }, {}])
    expect({ error, whole }).toEqual({ error: undefined, whole: true })
    const [first, ...more] = ranges()
    expect(first).toBeUndefined()
    expect(more).toEqual(['bytes=100000-', 'bytes=150000-'])
  })

  it('starts anew where the server has another file meanwhile', async () => {
    const { whole, requests } = await fetched([{ cutAfter: 100_000, etag: '"old"' }, { etag: '"new"' }])
    expect(whole).toBe(true)
    expect(requests[1].headers['if-range']).toBe('"old"')
  })

  it('starts anew where the server gives no ranges', async () => {
    const { whole, seen } = await fetched([{ cutAfter: 200_000 }, { ignoresRanges: true }])
    expect(whole).toBe(true)
    expect(seen.lastIndexOf(0)).toBeGreaterThan(0)
  })

  it('asks for no range where nothing tells that the file is still the same', async () => {
    const { whole, ranges } = await fetched([{ cutAfter: 100_000, etag: 'W/"1"' }, {}])
    expect({ whole, ranges: ranges() }).toEqual({ whole: true, ranges: [undefined, undefined] })
  })

  it('tries again after a server’s trouble', async () => {
    const { whole, requests } = await fetched([{ status: 500 }, { status: 429 }, {}])
    expect(whole).toBe(true)
    expect(requests).toHaveLength(3)
  })

  it('gives up in the end, and keeps what has arrived', async () => {
    const { error, content, requests } = await fetched([{ cutAfter: 100_000 }, { status: 503 }])
    expect(error).toMatchObject({
      code: 'download-failed',
      retry: 'later',
      details: { reason: 'the server answers with HTTP status 503' }
    })
    expect(content).toHaveLength(100_000)
    expect(requests).toHaveLength(3)
  })

  it('says so where there is no server', async () => {
    const server = await fetched([{}])
    await using part = await openPart(await temporaryFolder(), 'file')
    const gone = download('http://127.0.0.1:1/file.pth', part, {
      signal: new AbortController().signal,
      progress: () => undefined,
      pauses: []
    })
    await expect(gone).rejects.toMatchObject({
      code: 'download-failed',
      details: { from: 'http://127.0.0.1:1/file.pth' }
    })
    expect(server.whole).toBe(true)
  })

  it.each<[string, Manner, string]>([
    ['a file that is not there', { status: 404 }, 'weights-unavailable'],
    ['a file that may not be had', { status: 403 }, 'weights-unavailable'],
    ['a page', { instead: { type: 'text/html; charset=utf-8', body: 'log in' } }, 'weights-web-page'],
    [
      'a page that pretends to be a file',
      { instead: { type: 'application/octet-stream', body: '\n<!DOCTYPE html>'.padEnd(bytes.length) } },
      'weights-web-page'
    ],
    [
      'a file of another size',
      { instead: { type: 'application/octet-stream', body: bytes.subarray(1) } },
      'weights-size-wrong'
    ]
  ])('refuses %s at once', async (_, manner, code) => {
    const { error, requests } = await fetched([manner])
    expect(error).toMatchObject({ code })
    expect(requests).toHaveLength(1)
  })

  it('needs no further bytes where all have arrived already', async () => {
    const known = await fetched([{}])
    await known.take()
    expect(known.requests).toHaveLength(1)
    const unknown = await fetched([{}], { bytes: undefined })
    await unknown.take()
    expect(unknown.ranges()).toEqual([undefined, `bytes=${bytes.length}-`])
  })

  it('stops when it is told to', async () => {
    const stop = new AbortController()
    const { error, content } = await fetched([{ silentAfter: 100_000 }], {
      signal: stop.signal,
      progress: done => done === 100_000 && stop.abort(new Error('interrupted'))
    })
    expect(error).toBe(stop.signal.reason)
    expect(content).toHaveLength(100_000)
  })

  it.runIf(process.platform === 'linux')('a full disk is a full disk', async () => {
    const server = await serveFile(bytes)
    await using part = await openPart(await temporaryFolder(), 'file')
    await symlink('/dev/full', part.file)
    const full = download(`${server.address}/file.pth`, part, {
      signal: new AbortController().signal,
      progress: () => undefined
    })
    expect(Fault.of(await full.catch((error: unknown) => error))).toMatchObject({ code: 'disk-full' })
    expect(server.requests).toHaveLength(1)
  })
})

it('a file that could not be begun has no origin: what lies there would pass for a part of it', async () => {
  const server = await serveFile(bytes)
  const part = await openPart(await temporaryFolder(), 'file')
  const address = `${server.address}/file.pth`
  await writeFile(path.join(part.folder, 'origin.json'), JSON.stringify({ address, validator: '"old"' }))
  await mkdir(part.file)
  const failed = download(address, part, {
    signal: new AbortController().signal,
    progress: () => undefined
  })
  await expect(failed).rejects.toMatchObject({ code: 'EISDIR' })
  expect(await readdir(part.folder)).toEqual(['data'])
})

it('a disk that takes only the beginning of the last bytes is full', async () => {
  const server = await serveFile(bytes)
  const script = path.join(import.meta.dirname, 'download.ts')
  const limit = Math.floor(bytes.length / 1024)
  const child = await promisify(execFile)('bash', [
    ...['-c', `ulimit -f ${limit}; exec "$0" "$@"`],
    ...[process.execPath, script, `${server.address}/file.pth`, await temporaryFolder(), `${bytes.length}`]
  ])
  expect(child.stdout).toBe('EFBIG\n')
})

describe('a part', () => {
  it('is one process’s alone, and the next one goes on with what was left', async () => {
    const parts = await temporaryFolder()
    const one = await openPart(parts, 'file')
    await symlink('nowhere', one.file)
    const other = await openPart(parts, 'file')
    expect(await readdir(other.folder)).toEqual([])
    await one[Symbol.asyncDispose]()
    const next = await openPart(parts, 'file')
    expect(await readdir(next.folder)).toEqual(['data'])
    await next[Symbol.asyncDispose]()
    await other.discard()
    await removeParts(parts, 'file')
    expect(await readdir(parts)).toEqual([])
  })

  it('does not take those of other names', async () => {
    const parts = await temporaryFolder()
    const one = await openPart(parts, 'yolox-s')
    await symlink('nowhere', one.file)
    await one[Symbol.asyncDispose]()
    expect(await readdir((await openPart(parts, 'yolox')).folder)).toEqual([])
  })
})
