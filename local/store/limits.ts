/** What S3 takes. */
export const limits = {
  /** Bytes of one request's content: 5 GiB. */
  content: 5 * 1024 ** 3,
  /** Bytes of a key. */
  key: 1024
}
