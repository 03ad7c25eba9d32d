/** What the first bytes of a file say: the demuxer to open it with, or what it is instead of a video. */
export type Sniffed = { demuxer: string } | { found: string }

const containers: [demuxer: string, offset: number, magic: string | number[]][] = [
  ['matroska', 0, [0x1a, 0x45, 0xdf, 0xa3]],
  ['avi', 8, 'AVI '],
  ['flv', 0, 'FLV'],
  ['ogg', 0, 'OggS'],
  ['gif', 0, 'GIF8'],
  ['mpeg', 0, [0, 0, 1, 0xba]],
  ['mpegvideo', 0, [0, 0, 1, 0xb3]],
  ['asf', 0, [0x30, 0x26, 0xb2, 0x75, 0x8e, 0x66, 0xcf, 0x11]],
  ...['ftyp', 'moov', 'mdat', 'free', 'skip', 'wide', 'pnot'].map(
    box => ['mov', 4, box] as [string, number, string]
  )
]

const others: [found: string, offset: number, magic: string | number[]][] = [
  ['a JPEG picture', 0, [0xff, 0xd8, 0xff]],
  ['a PNG picture', 0, [0x89, 0x50, 0x4e, 0x47]],
  ['a WebP picture', 8, 'WEBP'],
  ['a TIFF picture', 0, [0x49, 0x49, 0x2a, 0]],
  ['a TIFF picture', 0, [0x4d, 0x4d, 0, 0x2a]],
  ['a BMP picture', 0, 'BM'],
  ...['heic', 'heix', 'mif1', 'avif'].map(brand => ['a HEIF picture', 8, brand] as [string, number, string]),
  ['a ZIP archive', 0, 'PK'],
  ['a PDF document', 0, '%PDF'],
  ['a playlist', 0, '#EXTM3U'],
  ['a playlist', 0, 'ffconcat'],
  ['sound only', 8, 'WAVE'],
  ['sound only', 0, 'fLaC'],
  ['sound only', 0, 'ID3']
]

/** `head`: the first 4 KiB of the file. Text that names other files (playlists, scripts) is never opened as a video. */
export const sniff = (head: Buffer): Sniffed => {
  const has = (offset: number, magic: string | number[]) =>
    head.subarray(offset, offset + magic.length).equals(Buffer.from(magic as string))
  const other = others.find(([, offset, magic]) => has(offset, magic))
  if (other) return { found: other[0] }
  const container = containers.find(([, offset, magic]) => has(offset, magic))
  if (container) return { demuxer: container[0] }
  if (isTransportStream(head)) return { demuxer: 'mpegts' }
  return { found: isText(head) ? 'text' : 'data of an unknown kind' }
}

/** ISO 13818-1: packets of 188 bytes (192 with the time code of Blu-ray discs) that start with 0x47. */
const isTransportStream = (head: Buffer) =>
  [
    [0, 188],
    [4, 192]
  ].some(([first, step]) =>
    Array.from({ length: 5 }, (_, i) => head[first + i * step]).every(byte => byte === 0x47)
  )

const isText = (head: Buffer) =>
  head.every(byte => byte >= 0x20 || (byte >= 9 && byte <= 13)) && head.length > 0
