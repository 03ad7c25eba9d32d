import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { makeAssets } from '../../infra/assets/assets.ts'
import { settle } from '../../infra/assets/settle.ts'
import { checkSizes } from '../../infra/assets/size.ts'

const temporaryFolder = () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'clipmill-assets-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

describe('what is deployed', () => {
  const assets = makeAssets({ architecture: 'x64', tasks: ['track-many'], models: [] })

  it('has the binaries of one platform, once, in layers', () => {
    const binaries = (folder: string) =>
      globSync('**/*.{node,so*}', { cwd: folder }).map(file => path.basename(file))
    expect(binaries(assets.layers.media)).toEqual(['node-av.node'])
    expect(binaries(assets.layers.inference).toSorted()).toEqual([
      expect.stringMatching(/^libonnxruntime\.so/),
      expect.stringMatching(/^libvips-cpp\.so/),
      'onnxruntime_binding.node',
      expect.stringMatching(/^sharp-linux-x64.*\.node$/)
    ])
    for (const folder of Object.values(assets.functions)) expect(binaries(folder)).toEqual([])
  })

  it('has weights in the layers of tasks alone; who names models has what they say of themselves', () => {
    expect(globSync('**/*.weights', { cwd: assets.layers.models['track-many'] })).toHaveLength(1)
    for (const name of ['intake', 'store'] as const) {
      const folder = path.join(assets.functions[name], 'models')
      const index = JSON.parse(readFileSync(path.join(folder, 'index.json'), 'utf8')) as object
      expect(Object.keys(index)).toEqual(['clipmill-person-nano'])
      expect(globSync('*/*', { cwd: folder }).map(file => path.basename(file))).toEqual(['manifest.json'])
    }
  })

  it('is not larger than Lambda takes: that fails here, not at deployment', () => {
    const folder = temporaryFolder()
    const [own, layer] = ['own', 'layer'].map(name => path.join(folder, name))
    for (const part of [own, layer]) {
      mkdirSync(part)
      writeFileSync(path.join(part, 'file'), Buffer.alloc(110_000_000))
    }
    vi.spyOn(process.stderr, 'write').mockReturnValue(true)
    expect(() => {
      checkSizes({ small: [own] })
    }).not.toThrow()
    expect(() => {
      checkSizes({ small: [own], decode: [own, layer] })
    }).toThrow(/^decode has 220\.0 MB with its layers/)
  })
})

describe('a settled folder', () => {
  it('is named by what it holds, whoever makes it first', async () => {
    const place = path.join(temporaryFolder(), 'bundle')
    const fill = (content: string) => (folder: string) => {
      writeFileSync(path.join(folder, 'index.mjs'), content)
    }
    const [one, again, other] = [
      await settle(place, fill('one')),
      await settle(place, fill('one')),
      await settle(place, fill('two'))
    ]
    expect(again).toBe(one)
    expect(other).not.toBe(one)
    expect(readFileSync(path.join(one, 'index.mjs'), 'utf8')).toBe('one')
  })

  it('is not filled again where its key says what it holds, and is not there where filling fails', async () => {
    const place = path.join(temporaryFolder(), 'layer')
    const failing = () => Promise.reject(new Error('no space'))
    await expect(settle(place, failing, 'key')).rejects.toThrow('no space')
    const fill = vi.fn()
    await settle(place, fill, 'key')
    await settle(place, fill, 'key')
    expect(fill).toHaveBeenCalledTimes(1)
  })
})
