import { availableParallelism } from 'node:os'

/** Threads of each decoder and encoder; every one of them holds pictures, so not more than pay. */
export const threads = Math.min(availableParallelism(), 6)
