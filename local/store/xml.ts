type Content = string | number | boolean | undefined | Element | (string | Element)[]
interface Element {
  [name: string]: Content
}

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
// Control characters are legal in keys; S3 writes them as references although XML 1.0 knows none.
const escape = (text: string) =>
  // eslint-disable-next-line no-control-regex
  text.replace(/[&<>"\u0000-\u001f\ufffe\uffff]/g, c => escapes[c] ?? `&#x${c.charCodeAt(0).toString(16)};`)

const render = (content: Element): string =>
  Object.entries(content)
    .flatMap(([name, value]) => (Array.isArray(value) ? value : [value]).map(item => ({ name, item })))
    .filter(({ item }) => item !== undefined)
    .map(
      ({ name, item }) =>
        `<${name}>${typeof item === 'object' ? render(item) : escape(String(item))}</${name}>`
    )
    .join('')

// S3's errors have no namespace.
const namespace = (name: string) =>
  name === 'Error' ? '' : ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'

/** An S3 document: objects become nested elements, lists repeated ones, undefined nothing. */
export const xmlDocument = (name: string, content: Element | string) =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<${name}${namespace(name)}>${typeof content === 'string' ? escape(content) : render(content)}</${name}>`

const entities = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"]
])
const lastCodePoint = 0x10ffff
const unescape = (text: string) =>
  text.replace(
    /&(?:#x([\da-f]+)|#(\d+)|(\w+));/gi,
    (whole, hex?: string, decimal?: string, name?: string) => {
      if (name) return entities.get(name) ?? whole
      const code = hex ? parseInt(hex, 16) : Number(decimal)
      return code <= lastCodePoint ? String.fromCodePoint(code) : whole
    }
  )

/** The inner XML of every element of that name; enough for S3's request bodies, where no element holds its own name. */
export const elements = (xml: string, name: string) => {
  const start = new RegExp(`<(?:\\w+:)?${name}(?:\\s[^<>]*)?>`, 'g')
  const end = new RegExp(`</(?:\\w+:)?${name}>`, 'g')
  const found: string[] = []
  while (start.test(xml)) {
    end.lastIndex = start.lastIndex
    const ended = end.exec(xml)
    // One pass: without an end behind it, no further start has one either.
    if (!ended) break
    found.push(xml.slice(start.lastIndex, ended.index))
    start.lastIndex = end.lastIndex
  }
  return found
}

/** The texts of all elements of that name. */
export const textsOf = (xml: string, name: string) => elements(xml, name).map(unescape)

/** The text of the first element of that name. */
export const textOf = (xml: string, name: string) => textsOf(xml, name).at(0)
