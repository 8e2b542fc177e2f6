import type { Json } from '../record.ts'

/** The page inside a list's answer. A fault changes it before it becomes text. */
export interface Page {
  readonly envelope: string
  /** JSON in UTF-8. */
  readonly rows: readonly Buffer[]
  /** 2021-11 names its neighbours in the body, 2021-01 in the Link header. */
  readonly pointers: 'body' | 'link' | 'none'
  readonly next: string | null
  readonly previous: string | null
  /** The body has no member for a pointer that is null. */
  readonly unsaid: boolean
  /** A pointer to this page itself: the fault `emptyPage` sends the reader here again. */
  readonly here: string
  readonly limit: number
  readonly path: string
}

export interface Answer {
  readonly status: number
  readonly body: string | Buffer
  readonly headers?: Readonly<Record<string, string>>
  readonly page?: Page
}

/** An error answer. It is thrown, because the reason may be found at any depth. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly answer: Answer

  constructor(status: number, body: Json) {
    super(`answers ${status}`)
    this.answer = { status, body: JSON.stringify(body) }
  }
}

export const notFound = (): Refusal => new Refusal(404, { errors: 'Not Found' })

export const unprocessable = (field: string, message: string): Refusal =>
  new Refusal(422, { errors: { [field]: [message] } })

/** What a test changes in an answer. */
export interface Rewritten {
  readonly status: number
  readonly body: Buffer
  readonly headers: Readonly<Record<string, string>>
}

export const json = (body: Json): Answer => ({ status: 200, body: JSON.stringify(body) })

export function pageAnswer(page: Page): Answer {
  const member = (name: string, pointer: string | null): string =>
    page.unsaid && pointer === null ? '' : `"${name}":${JSON.stringify(pointer)},`
  const pointers = member('next_cursor', page.next) + member('previous_cursor', page.previous)
  const head = `{${page.pointers === 'body' ? pointers : ''}"${page.envelope}":[`
  const rows = page.rows.flatMap((row, i) => (i === 0 ? [row] : [COMMA, row]))
  return { status: 200, body: Buffer.concat([Buffer.from(head), ...rows, END]), page }
}

const COMMA = Buffer.from(',')
const END = Buffer.from(']}')

/** The address for the Link header; the reader must follow it as it stands. */
export function linkHeader(page: Page, origin: string): string | undefined {
  if (page.pointers !== 'link' || page.next === null) return undefined
  return `<${origin}${page.path}?limit=${page.limit}&page_info=${encodeURIComponent(page.next)}>; rel="next"`
}
