import { configDefaults, defineConfig } from 'vitest/config'

/** `--mode long` runs the checks that take too long for every day, `--mode cloud` those of what is deployed; nothing else. */
const kinds = ['long', 'cloud']

export default defineConfig(({ mode }) => ({
  test: {
    include: [kinds.includes(mode) ? `test/**/*.${mode}.test.ts` : 'test/**/*.test.ts'],
    exclude: [
      ...configDefaults.exclude,
      ...(kinds.includes(mode) ? [] : kinds.map(kind => `test/**/*.${kind}.test.ts`))
    ],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    env: { MALLOC_TRIM_THRESHOLD_: '65536', ORT_DISABLE_TELEMETRY: '1' }
  }
}))
