const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
/** Characters that HTML has no way to write. */
const UNWRITABLE = /[^\P{Cc}\t\n\r]/gu

const escaped = (text: string): string =>
  text.replace(UNWRITABLE, '\ufffd').replace(/[&<>"']/g, character => ENTITIES[character] ?? character)

/** A piece of HTML. Texts become one by `html`, which escapes them. */
export class Html {
  readonly text: string

  /** @param text HTML that this program made, such as a chart. */
  constructor(text: string) {
    this.text = text
  }
}

type Part = Html | string | number | null | readonly Part[]

/** A template of HTML. A text is escaped wherever it stands, also in an attribute in quotes. Null is nothing; parts of a list follow each other. */
export const html = (strings: TemplateStringsArray, ...values: readonly Part[]): Html =>
  new Html(strings.reduce((before, text, i) => `${before}${written(values[i - 1] ?? null)}${text}`))

function written(value: Part): string {
  if (value === null) return ''
  if (value instanceof Html) return value.text
  if (typeof value === 'object') return value.map(written).join('')
  return escaped(String(value))
}
