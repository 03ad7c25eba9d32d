/** The drawn pictures and the stand-in network of MixSort's golden runs. */
import { trackBox, type Appearance } from '../byte.ts'
import { crop, crops, cropSquare, similarities } from '../crop.ts'
import type { Picture } from '../../picture.ts'

/** The picture that these files describe. */
export const painted = ({ width, height }: { width: number; height: number }, paint: number[][]): Picture => {
  const data = new Uint8Array(width * height * 3)
  const put = (x: number, y: number, b: number, g: number, r: number) => {
    const at = (y * width + x) * 3
    data[at] = r
    data[at + 1] = g
    data[at + 2] = b
  }
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      put(x, y, ((2 * x + y) % 64) + 30, ((x + 3 * y) % 64) + 60, ((5 * x + 7 * y) % 32) + 90)
  for (const [x1, y1, x2, y2, b, g, r] of paint)
    for (let y = Math.max(0, y1); y < Math.min(height, y2); y++)
      for (let x = Math.max(0, x1); x < Math.min(width, x2); x++) put(x, y, b, g, r)
  return { data, width, height }
}

/**
 * The stand-in network of these files: minus the distance between the mean colour of the template and that of each
 * 16x16 cell of the search crop, both normalised.
 */
export const toyNetwork = (picture: Picture, radius: number, called: () => void): Appearance => ({
  template: box => crop(picture, cropSquare(box, 'template'), 'template'),
  similarity: (tracks, boxes) => {
    called()
    const rows = tracks.map(track => {
      const square = cropSquare(trackBox(track), 'search')
      const heat = toyHeat(track.template!, crop(picture, square, 'search'))
      return similarities(heat, square, boxes, radius)
    })
    return Promise.resolve(rows.flat())
  }
})

const cell = 16
const deviations = [0.229, 0.224, 0.225]

const toyHeat = (template: Uint8Array, search: Uint8Array) => {
  const n = crops.search.output
  const cells = n / cell
  const plane = template.length / 3
  const wanted = deviations.map(
    (_, channel) =>
      template.subarray(channel * plane, (channel + 1) * plane).reduce((a, b) => a + b, 0) / plane
  )
  return Float32Array.from({ length: cells * cells }, (_, at) => {
    const left = (at % cells) * cell
    const top = Math.floor(at / cells) * cell
    let distance = 0
    for (const [channel, mean] of wanted.entries()) {
      let sum = 0
      for (let y = top; y < top + cell; y++)
        for (let x = left; x < left + cell; x++) sum += search[(channel * n + y) * n + x]
      distance += Math.abs(sum / cell ** 2 - mean) / 255 / deviations[channel]
    }
    return -distance
  })
}
