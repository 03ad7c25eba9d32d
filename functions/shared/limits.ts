/** What one clip may be; more is refused before anything is decoded. */
export const limits = {
  /** 50 GB; the clip must also fit onto the disk of whoever decodes it, which says so where it does not. */
  bytes: 50e9,
  /** 10 hours at 60 frames a second. */
  frames: 2_160_000,
  /** 8K in both directions. */
  side: 8192
}
