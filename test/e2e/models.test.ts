import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { describeShared, shared } from '../shared.ts'
import { clipmill, root, temporaryFolder } from './cli.ts'

describeShared('clipmill models inspect', () => {
  const fixture = (name: string) => shared(`weights/fixtures/${name}`)

  it('lists what a checkpoint holds, and runs nothing of what it names', async () => {
    const { exit, stdout } = await clipmill('models', 'inspect', fixture('evil-reduce.pth'))
    expect(exit).toBe(0)
    expect(stdout).toContain('pytorch-zip, 8 tensors (7 float32, 1 int64)')
    expect(stdout).toContain('names posix.system; nothing of it was run')
    expect(stdout).toContain('net.conv.weight  float32 [8, 3, 3, 3]')
  })

  it('as JSON too', async () => {
    const { exit, stdout } = await clipmill('models', 'inspect', fixture('zip-half.pth'), '--json')
    expect(exit).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ format: 'pytorch-zip', dtypes: { float16: 7, int64: 1 } })
  })

  it('takes the state dict that it is told', async () => {
    const under = 'optimizer.state.0'
    const { exit, stdout } = await clipmill(
      ...['models', 'inspect', fixture('tracker-zip.pth.tar'), '--under', under]
    )
    expect(exit).toBe(0)
    expect(stdout).toContain(`found under "${under}"`)
    expect(stdout).toContain('  exp_avg  float32 [4]')
  })

  it.each([
    ['truncated.pth', 'weights-unreadable'],
    ['not-a-checkpoint.pth', 'weights-web-page'],
    ['empty.pth', 'weights-unreadable'],
    ['deep-pickle.pth', 'weights-unreadable'],
    ['lying.safetensors', 'weights-unreadable']
  ])('refuses %s with one clear line and the next step', async (name, code) => {
    const { exit, stdout, stderr } = await clipmill('models', 'inspect', fixture(name))
    expect(exit).toBe(4)
    expect(stdout).toBe('')
    expect(stderr).toMatch(new RegExp(`^${code}: .*${name}.*\n  .+\n$`))
  })
})

describeShared('clipmill models verify', () => {
  const golden = shared('golden/yolox/nano-coco80-64x96.json')

  it('says of every stage how far it is from the authors’ numbers', async () => {
    const { exit, stdout, stderr } = await clipmill('models', 'verify', golden)
    expect(exit).toBe(0)
    expect(stdout).toMatch(/ok +decoded +\d\.\d+e-\d of \d\.\d+e-\d/)
    expect(stderr).toBe('11 stages are within tolerance, 0 are not, 0 were skipped\n')
  })

  it.each(['/dev/zero', root])('refuses %s, which is no file', async name => {
    const { exit, stderr } = await clipmill('models', 'verify', name)
    expect(exit).toBe(3)
    expect(stderr).toContain(`golden-unreadable: ${name}`)
  })

  it('ends with 4 where a stage is off', async () => {
    const other = JSON.parse(readFileSync(golden, 'utf8')) as {
      outputs: { decoded: { samples: [number, number][] } }
    }
    other.outputs.decoded.samples[7][1] += 0.1
    const file = path.join(temporaryFolder(), 'off.json')
    writeFileSync(file, JSON.stringify(other))
    const { exit, stdout, stderr } = await clipmill('models', 'verify', file)
    expect(exit).toBe(4)
    expect(stdout).toMatch(/MISSED +decoded/)
    expect(stderr).toContain('golden-missed')
  })
})
