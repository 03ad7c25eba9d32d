/** Dots of a character: seven rows, and two more below for what descends; one column keeps characters apart. */
export const glyph = { width: 5, height: 9 }

/**
 * The printable ASCII characters from the space on, twelve in a line, seven rows each from top to bottom. A row is a
 * digit to base 32 (0-9, a-v) whose highest bit is the leftmost of five dots.
 */
const rows = [
  '00000004444404aaa0000aavavaa4fke5u4op248j3cik8lid44400002488842842224804lel40044v440',
  '0000c48000v00000000cc11248ggehjlphe4c4444eeh1248veh161he26aiv22vgu11he68guhhev122444',
  'ehhehheehhf12c0cc0cc00cc0c48248g84200v0v008421248eh12404ehnlngfehhvhhhuhhuhhuehggghe',
  'uhhhhhuvgguggvvggugggehgnhhehhhvhhhe44444e72222ichikokihggggggvhrllhhhhppljjhehhhhhe',
  'uhhugggehhhliduhhukihfgge11uv444444hhhhhhehhhhaa4hhhllrhhha4ahhhha4444v1248gve88888e',
  'gg84211e22222e4ah0000000000v840000000e1fhfgguhhhu00fgggf11fhhhf00ehvge68u8888fhhhf1e',
  'gguhhhh40c444e20622icggikokic44444e00qllll00uhhhh00ehhheuhhhuggfhhhf1100moggg00fge1u',
  '88u888600hhhhf00hhha400hhlla00ha4ahhhhhf1e00v248v34484434444444o44244o008l200'
].join('')
const rowsOfGlyph = 7

/** Whether the dot in `column` and `row` of a character is set; what is not printable ASCII looks like '?'. */
export const dot = (character: string, column: number, row: number) => {
  const code = character.charCodeAt(0)
  const printable = code >= 0x20 && code <= 0x7e ? code : 0x3f
  const own = row - (descending.has(character) ? glyph.height - rowsOfGlyph : 0)
  if (own < 0 || own >= rowsOfGlyph) return false
  const bits = parseInt(rows[(printable - 0x20) * rowsOfGlyph + own], 32)
  return (bits & (1 << (glyph.width - 1 - column))) !== 0
}
const descending = new Set(['g', 'p', 'q', 'y'])
