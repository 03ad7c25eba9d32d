/** What one clip may be; more is refused before anything is decoded. */
export const limits = {
  /** 50 GB: what S3 takes from a multipart upload in reasonable time, and fits onto a function's or machine's disk. */
  bytes: 50e9,
  /** 10 hours at 60 frames a second. */
  frames: 2_160_000,
  /** 8K in both directions. */
  side: 8192
}
