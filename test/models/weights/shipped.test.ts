import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { openCheckpoint } from '../../../models/weights/checkpoint.ts'
import { describeShared, shared } from '../../shared.ts'

const folder = path.resolve(import.meta.dirname, '../../../weights/clipmill-person-nano')
const file = path.join(folder, 'yolox_nano_person.safetensors')
const sha256 = (name: string) => createHash('sha256').update(readFileSync(name)).digest('hex')

test('the note beside the weights names the file that is there', () => {
  expect(readFileSync(path.join(folder, 'SOURCE.md'), 'utf8')).toContain(`| ${sha256(file)} |`)
})

describeShared('the shipped person detector', () => {
  const original = shared('weights/clipmill-person-nano/yolox_nano_person.pth')

  test('equals the checkpoint of the training, tensor by tensor', () => {
    using shipped = openCheckpoint(file)
    using trained = openCheckpoint(original)
    const names = (checkpoint: typeof shipped) => checkpoint.tensors().map(({ name }) => name)
    expect(names(shipped).sort()).toEqual(names(trained).sort())
    for (const name of names(trained)) expect(shipped.read(name), name).toEqual(trained.read(name))
  })

  test('and its note says which checkpoint that was', () => {
    expect(readFileSync(path.join(folder, 'SOURCE.md'), 'utf8')).toContain(sha256(original))
  })
})
