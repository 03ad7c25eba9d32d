import type { z } from 'zod'

/** What a schema finds wrong, a line each, led by the place: `tasks.0.task: expected string`. */
export const problemsOf = (error: z.ZodError): string[] =>
  error.issues.map(({ path, message }) => [path.join('.'), message].filter(Boolean).join(': '))
