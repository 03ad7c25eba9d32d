import { DeleteBucketCorsCommand, GetBucketCorsCommand, PutBucketCorsCommand } from '@aws-sdk/client-s3'
import type { CORSRule } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { Bucket, client, failure, raw, target } from './context.ts'

const rules: CORSRule[] = [
  {
    ID: 'uploads',
    AllowedOrigins: ['https://*.example.com', 'http://localhost:8080'],
    AllowedMethods: ['PUT', 'POST', 'GET'],
    AllowedHeaders: ['content-type', 'x-amz-*'],
    ExposeHeaders: ['ETag', 'x-amz-version-id'],
    MaxAgeSeconds: 600
  },
  { AllowedOrigins: ['*'], AllowedMethods: ['GET', 'HEAD'] }
]
const page = 'https://app.example.com'

/** What a browser asks before it sends a request with these headers. */
const preflight = async (origin: string, method: string, headers?: string) => {
  const { status, headers: answer } = await fetch(`${target.endpoint}/${Bucket}/cors/clip.mp4`, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': method,
      ...(headers !== undefined && { 'access-control-request-headers': headers })
    }
  })
  const named = [...answer].filter(([name]) => name.startsWith('access-control-'))
  return { status, ...Object.fromEntries(named.map(([name, value]) => [name.slice(15), value])) }
}

describe('CORS', () => {
  beforeAll(async () => {
    await client.send(new DeleteBucketCorsCommand({ Bucket }))
  })
  afterAll(async () => {
    await client.send(new DeleteBucketCorsCommand({ Bucket }))
  })

  test('without rules, answers tell browsers nothing', async () => {
    await expect(client.send(new GetBucketCorsCommand({ Bucket }))).rejects.toMatchObject(
      failure('NoSuchCORSConfiguration', 404)
    )
    expect(await preflight(page, 'PUT')).toEqual({ status: 403 })
    const { headers } = await raw({ key: 'cors/missing', headers: { origin: page } })
    expect(headers).not.toHaveProperty('access-control-allow-origin')
  })

  test('rules are kept as they are given', async () => {
    await client.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules: rules } }))
    const { CORSRules } = await client.send(new GetBucketCorsCommand({ Bucket }))
    expect(CORSRules).toMatchObject(rules)
    // Elsewhere it may take seconds until they hold.
    await vi.waitFor(async () => expect((await preflight(page, 'PUT')).status).toBe(200), 30_000)
  })

  test('a preflight tells what the page may do', async () => {
    expect(await preflight(page, 'PUT', 'content-type, X-Amz-Meta-Task')).toMatchObject({
      status: 200,
      'allow-origin': page,
      'allow-methods': expect.stringContaining('PUT') as string,
      'allow-headers': expect.stringMatching(/x-amz-meta-task/i) as string,
      'expose-headers': expect.stringContaining('ETag') as string,
      'max-age': '600'
    })
    expect(await preflight('https://elsewhere.org', 'GET')).toMatchObject({
      status: 200,
      'allow-origin': '*'
    })
  })

  test.each([
    ['another origin', 'https://example.com', 'PUT', undefined],
    ['an origin that only looks like it', 'https://app.example.com.evil.org', 'PUT', undefined],
    ['another method', page, 'DELETE', undefined],
    ['another header', page, 'PUT', 'authorization']
  ])('a preflight for %s is refused', async (_, origin, method, headers) => {
    expect(await preflight(origin, method, headers)).toEqual({ status: 403 })
  })

  test('a preflight without its headers is no request', async () => {
    const address = `${target.endpoint}/${Bucket}/x`
    expect((await fetch(address, { method: 'OPTIONS' })).status).toBe(400)
    expect((await preflight(page, 'PATCH')).status).toBe(400)
  })

  test('answers may be read by the page, refusals too', async () => {
    const headers = { origin: page }
    const readable = {
      'access-control-allow-origin': page,
      'access-control-expose-headers': 'ETag, x-amz-version-id',
      vary: expect.stringContaining('Origin') as string
    }
    const written = await raw({ method: 'PUT', key: 'cors/clip', body: 'x', headers })
    expect(written).toMatchObject({ status: 200, headers: readable })
    const unsigned = await raw({
      key: 'cors/clip',
      headers,
      tamper: ({ headers }) => delete headers.authorization
    })
    expect(unsigned).toMatchObject({ status: 403, headers: readable })
    const other = await raw({ method: 'PUT', key: 'cors/clip', headers: { origin: 'https://elsewhere.org' } })
    expect(other.headers).not.toHaveProperty('access-control-allow-origin')
  })

  test('rules that are none are refused', async () => {
    const refused = (rule: Partial<CORSRule>) =>
      expect(
        client.send(
          new PutBucketCorsCommand({
            Bucket,
            CORSConfiguration: { CORSRules: [{ AllowedOrigins: ['*'], AllowedMethods: ['GET'], ...rule }] }
          })
        )
      ).rejects.toMatchObject({ $metadata: { httpStatusCode: 400 } })
    await refused({ AllowedMethods: ['PATCH'] })
    await refused({ AllowedOrigins: ['https://*.*'] })
    await refused({ ExposeHeaders: ['*'] })
    expect((await client.send(new GetBucketCorsCommand({ Bucket }))).CORSRules).toHaveLength(2)
  })
})
