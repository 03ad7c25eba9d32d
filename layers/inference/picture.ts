import sharp from 'sharp'
import type { Picture } from '../../models/picture.ts'

// One picture at a time: frames and segments are what runs side by side.
sharp.concurrency(1)
sharp.cache(false)

/** Decodes one of our own still pictures (JPEG or PNG). */
export const decodePicture = async (bytes: Uint8Array): Promise<Picture> => {
  const { data, info } = await sharp(bytes)
    .toColourspace('srgb')
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  return { data, width: info.width, height: info.height }
}

/** A picture as PNG, exact; little is spent on making it small. */
export const encodePicture = ({ data, width, height }: Picture): Promise<Uint8Array> =>
  sharp(data, { raw: { width, height, channels: 3 } })
    .png({ compressionLevel: 1 })
    .toBuffer()
