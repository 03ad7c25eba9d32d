import { configDefaults, defineConfig } from 'vitest/config'

/** `--mode long` runs the checks that take too long for every day, and nothing else. */
export default defineConfig(({ mode }) => ({
  test: {
    include: [mode === 'long' ? 'test/**/*.long.test.ts' : 'test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, ...(mode === 'long' ? [] : ['test/**/*.long.test.ts'])],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    env: { MALLOC_TRIM_THRESHOLD_: '65536', ORT_DISABLE_TELEMETRY: '1' }
  }
}))
