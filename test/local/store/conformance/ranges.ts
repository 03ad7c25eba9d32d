import { describe, expect, test } from 'vitest'
import { failure, get, put, raw, text } from './context.ts'

describe('ranges', () => {
  const content = '0123456789'
  test.each([
    ['bytes=0-3', '0123', 'bytes 0-3/10'],
    ['bytes=4-', '456789', 'bytes 4-9/10'],
    ['bytes=-3', '789', 'bytes 7-9/10'],
    ['bytes=-30', content, 'bytes 0-9/10'],
    ['bytes=8-100', '89', 'bytes 8-9/10']
  ])('%s', async (Range, expected, ContentRange) => {
    await put('range', content)
    const got = await get('range', { Range })
    expect(await got.Body!.transformToString()).toBe(expected)
    expect(got).toMatchObject({
      ContentRange,
      ContentLength: expected.length,
      $metadata: { httpStatusCode: 206 }
    })
  })
  test.each(['bytes=10-', 'bytes=-0'])('%s is not to be had', async Range => {
    await put('range', content)
    await expect(get('range', { Range })).rejects.toMatchObject(failure('InvalidRange', 416))
  })
  test('are of the object that If-Range names; of another one, all is sent', async () => {
    const { ETag } = await put('range', content)
    const { LastModified } = await get('range')
    const ask = (condition: string) =>
      raw({ key: 'range', headers: { range: 'bytes=0-3', 'if-range': condition } })
    for (const condition of [ETag!, LastModified!.toUTCString()])
      expect(await ask(condition)).toMatchObject({ status: 206, body: Buffer.from('0123') })
    for (const condition of ['"other"', new Date(0).toUTCString()])
      expect(await ask(condition)).toMatchObject({ status: 200, body: Buffer.from(content) })
  })
  test.each(['bytes=3-1', 'bytes=x', 'lines=1-2'])('%s is no range: all is sent', async Range => {
    await put('range', content)
    expect(await text('range', { Range })).toBe(content)
  })
})
