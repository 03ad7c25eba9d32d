import { afterEach, beforeEach, expect, it, vi } from 'vitest'

beforeEach(() => {
  vi.stubEnv('AWS_REGION', 'us-east-1')
})
afterEach(() => {
  vi.unstubAllEnvs()
})

it('the handler in the GPU container takes no third argument, for which the runtime would refuse it', async () => {
  const { handler } = await import('../../functions/infer/gpu.ts')
  expect(handler.length).toBeLessThan(3)
})
