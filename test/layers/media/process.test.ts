import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { Fault } from '../../../events/faults.ts'
import { openMedia, planSegments } from '../../../layers/media/index.ts'
import { makeClip } from './make-clip.ts'
import { mediaProcesses, peakMemory } from './processes.ts'
import { decodeAll, openWorkplace } from './workplace.ts'

const { media: common, at } = openWorkplace()
const clip = 'media/street.mp4'

const gone = async (pid: number) => {
  for (let i = 0; i < 100 && existsSync(`/proc/${pid}`); i++) await new Promise(r => setTimeout(r, 50))
  return !existsSync(`/proc/${pid}`)
}

describe.skipIf(process.platform !== 'linux')('the media process (looked at through /proc)', () => {
  test('gets neither credentials nor any of our environment', async () => {
    process.env.AWS_SECRET_ACCESS_KEY = 'secret'
    const before = mediaProcesses()
    await using media = openMedia()
    await media.probe(clip)
    const [pid] = mediaProcesses().filter(p => !before.includes(p))
    const environment = readFileSync(`/proc/${pid}/environ`, 'utf8')
    expect(environment).toContain('MALLOC_ARENA_MAX')
    expect(environment).not.toMatch(/AWS|PATH|HOME/)
    delete process.env.AWS_SECRET_ACCESS_KEY
  })

  test('killed in the middle of a call: a Fault, also for the calls that wait and come later', async () => {
    const before = mediaProcesses()
    await using media = openMedia()
    const { facts, timeline } = await media.probe(clip)
    const [pid] = mediaProcesses().filter(p => !before.includes(p))
    const [segment] = planSegments(timeline, { target: 120, max: 120 })
    const call = media.decode(clip, segment, facts, {
      format: 'png',
      out: at('killed.bin'),
      onFrames: frames => frames === 3 && process.kill(pid, 'SIGKILL')
    })
    const waiting = media.probe(clip)
    const crashed = { code: 'media-crashed', details: { doing: 'decoding', file: clip, how: 'SIGKILL' } }
    await expect(call).rejects.toMatchObject(crashed)
    await expect(waiting).rejects.toMatchObject({ code: 'media-crashed' })
    expect(media.alive).toBe(false)
    await expect(media.probe(clip)).rejects.toBeInstanceOf(Fault)
  })

  test('is killed when a call takes too long', async () => {
    const before = mediaProcesses()
    await using media = openMedia({ secondsPerCall: 8 })
    await media.probe(clip)
    const [pid] = mediaProcesses().filter(p => !before.includes(p))
    process.kill(pid, 'SIGSTOP')
    await expect(media.probe(clip)).rejects.toMatchObject({ code: 'media-timeout', details: { seconds: 8 } })
    expect(await gone(pid)).toBe(true)
  })

  test('ends with the process that started it, even if that is killed', async () => {
    const program = `
      import { openMedia } from './layers/media/index.ts'
      const media = openMedia()
      await media.probe('${clip}')
      console.log('ready')
      setInterval(() => {}, 1000)`
    const parent = spawn(process.execPath, ['--input-type=module-typescript', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit']
    })
    await once(parent.stdout, 'data')
    const [pid] = mediaProcesses(parent.pid)
    expect(pid).toBeGreaterThan(0)
    parent.kill('SIGKILL')
    expect(await gone(pid)).toBe(true)
  })

  test('takes no more memory for a clip six times as long', async () => {
    const before = mediaProcesses()
    await using media = openMedia()
    const { facts, timeline } = await media.probe(clip)
    const [pid] = mediaProcesses().filter(p => !before.includes(p))
    const decode = async () => {
      for (const segment of planSegments(timeline, { target: 60, max: 90 }))
        await media.decode(clip, segment, facts, { format: 'jpeg', out: at('flat.bin') })
    }
    await decode()
    const once = peakMemory(pid)
    for (let i = 0; i < 5; i++) await decode()
    expect(peakMemory(pid) / once).toBeLessThan(1.1)
  })

  test('keeps no files and threads, nor those of calls that failed', async () => {
    const before = mediaProcesses()
    await using media = openMedia()
    const vorbis = await makeClip(at('vorbis.mkv'), { container: 'matroska', sound: 'libvorbis', frames: 10 })
    const { facts, tables, files } = await decodeAll(media, vorbis)
    const [pid] = mediaProcesses().filter(p => !before.includes(p))
    const [table, pictures] = [tables[0], files[0]]
    const frames = [...table.frames.slice(1), { ...table.frames[0], offset: 1e9 }]
    const once = async () => {
      const [out, sound] = [at('leak.nut'), at('leak.mka')]
      const cut = { ...table, frames }
      await expect(media.render({ pictures, table: cut, facts, out })).rejects.toThrow('ends before')
      await expect(media.sound(at('nowhere.mkv'), sound)).rejects.toThrow('ENOENT')
      await expect(media.sound(vorbis, '/dev/full')).rejects.toThrow('space')
      await media.sound(vorbis, sound)
      await media.render({ pictures, table, facts, out })
      await expect(media.join({ segments: [out, out], sound, facts, out: at('leak.mp4') })).rejects.toThrow(
        'follow'
      )
      expect(await media.join({ segments: [out], sound, facts, out: at('leak.mp4') })).toBe(true)
    }
    const kept = () => ['fd', 'task'].map(what => readdirSync(`/proc/${pid}/${what}`).length)
    await once()
    const first = kept()
    for (let i = 0; i < 9; i++) await once()
    expect(kept()).toEqual(first)
  })

  test('names the file for which the disk has no room', async () => {
    const sounding = await makeClip(at('sounding.mp4'), { sound: 'aac' })
    const { facts, timeline } = await common.probe(sounding)
    const [segment] = planSegments(timeline, { target: 50, max: 50 })
    const full = { code: 'disk-full', details: { path: '/dev/full' } }
    const options = { format: 'png', out: '/dev/full' } as const
    await expect(common.decode(sounding, segment, facts, options)).rejects.toMatchObject(full)
    await expect(common.sound(sounding, '/dev/full')).rejects.toMatchObject(full)
  })

  test('does calls one after the other', async () => {
    await using media = openMedia()
    const facts = await Promise.all([
      media.probe(clip),
      media.probe('nowhere.mp4').catch(() => 'none'),
      media.probe(clip)
    ])
    expect(facts[1]).toBe('none')
    expect(facts[2]).toEqual(facts[0])
  })
})
