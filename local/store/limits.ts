/** What S3 takes. */
export const limits = {
  /** Bytes of one request's content: 5 GiB. */
  content: 5 * 1024 ** 3,
  /** Bytes of a key. */
  key: 1024
}

/** Milliseconds that the store waits. */
export const patience = {
  /** For a connection on which nothing moves. */
  idle: 120_000,
  /** For a client to see that its body is refused. */
  refused: 5000,
  /** For requests to end, before the store closes. */
  close: 5000
}
