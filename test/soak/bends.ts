import { isUtf8 } from 'node:buffer'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { STREAMS } from '../../src/cli/app.ts'
import type { Stream } from '../../src/schema/stream.ts'
import type { Answer, Asked, Scene, Wire } from './proxy.ts'
import { favoured } from './random.ts'

/**
 * One way to bend an answer. Only what a program can notice is here; what none can is left out, with its reason, at the
 * end of this file. `tells` says what it is that gives the bend away, or why it does no harm.
 */
export interface Bend {
  readonly name: string
  readonly weight: number
  /** Case of the issue that it belongs to; absent: the program has always had to stand it. */
  readonly case?: string
  readonly tells: string
  /** How often it strikes in its run. Default: once. */
  readonly lasting?: 'once' | 'some' | 'run'
  /** Strikes answers of every stream. */
  readonly everywhere?: true
  /** Streams that it can strike. Default: all. */
  readonly streams?: (stream: Stream) => boolean
  /** @returns what goes out in place of the answer; null: it does not fit this one. */
  readonly apply: (answer: Answer | Wire, asked: Asked, scene: Scene) => Answer | Wire | null
}

type Draft = { [member: string]: unknown }

interface Page {
  readonly members: Draft
  readonly list: string
  readonly records: Draft[]
}

const isAnswer = (answer: Answer | Wire): answer is Answer => typeof answer !== 'string' && 'status' in answer
const isObject = (value: unknown): value is Draft =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The page in an answer; null: it has none. */
function pageOf({ status, body }: Answer): Page | null {
  // What another bend has nested too deep cannot be written again, and bytes that are no text would become another text.
  if (status !== 200 || body.includes('[[[[[[[[') || !isUtf8(body)) return null
  try {
    const members: unknown = JSON.parse(body.toString())
    if (!isObject(members)) return null
    const found = Object.entries(members).find(([, value]) => Array.isArray(value))
    if (!found) return null
    return { members, list: found[0], records: (found[1] as unknown[]).filter(isObject) }
  } catch {
    return null
  }
}

const withBody = (answer: Answer, body: Buffer | string): Answer => ({ ...answer, body: Buffer.from(body) })
const withPage = (answer: Answer, { members, list, records }: Page): Answer =>
  withBody(answer, JSON.stringify({ ...members, [list]: records }))

type Bending = Pick<Bend, 'streams' | 'apply'>

/** Any answer of the kinds. */
const answers = (
  kinds: readonly Asked['kind'][],
  change: (answer: Answer, asked: Asked, scene: Scene) => Answer | Wire | null,
): Bending => ({
  apply: (answer, asked, scene) =>
    isAnswer(answer) && kinds.includes(asked.kind) ? change(answer, asked, scene) : null,
})

/** A page of a list that has a record. */
const pages = (change: (page: Page, asked: Asked, scene: Scene, answer: Answer) => Page | Answer | null): Bending =>
  answers(['list'], (answer, asked, scene) => {
    const page = pageOf(answer)
    if (page === null || page.records.length === 0) return null
    const bent = change(page, asked, scene, answer)
    return bent === null ? null : 'records' in bent ? withPage(answer, bent) : bent
  })

const ANY = ['token', 'list', 'one', 'count'] as const
const READS = ['list', 'one'] as const

/** In place of the answer. */
const refusal = (status: number, body: string, more: Record<string, string> = {}): Bending =>
  answers(READS, ({ headers }) => ({ status, headers: { ...headers, ...more }, body: Buffer.from(body) }))

const dated = (date: (now: number) => string): Bending =>
  answers(ANY, (answer, _, { now }) => ({ ...answer, headers: { ...answer.headers, date: date(now()) } }))

const streamOf = ({ streams }: Asked) => STREAMS.find(({ name }) => name === streams[0])

/** Another cursor in one record of a page of an incremental stream. */
const cursored = (text: (given: string) => unknown): Bending => ({
  streams: ({ sync }) => sync.mode === 'incremental',
  ...pages((page, asked, { random }) => {
    const sync = streamOf(asked)?.sync
    if (sync?.mode !== 'incremental') return null
    const record = favoured(random, page.records)
    const given = record?.[sync.cursor]
    if (record === undefined || typeof given !== 'string') return null
    record[sync.cursor] = text(given)
    return page
  }),
})

const shifted = (text: string, ms: number): string => {
  const given = Date.parse(text.length === 19 ? `${text}Z` : text)
  // Another bend has been here before.
  if (Number.isNaN(given)) return text
  const at = new Date(given + ms).toISOString().slice(0, 19)
  return text.length === 19 ? at : `${at}+00:00`
}

/** An undeclared member in one record, as raw JSON. */
const odd = (raw: string, name = 'zz_odd'): Bending =>
  pages((page, _, { random }, answer) => {
    const record = page.records[random.between(0, page.records.length - 1)]
    if (record === undefined) return null
    record[name] = '@@'
    const text = JSON.stringify({ ...page.members, [page.list]: page.records })
    return withBody(
      answer,
      text.replace('"@@"', () => raw),
    )
  })

/** The pointer of a page that has one, as another value; undefined takes it away. */
const pointing = (
  value: (pointer: string, asked: Asked, scene: Scene) => unknown,
  { sizeKnown }: { sizeKnown: boolean },
): Bending =>
  pages((page, asked, scene) => {
    const pointer = page.members.next_cursor
    if (typeof pointer !== 'string' || (sizeKnown && !asked.sizeKnown)) return null
    const bent = value(pointer, asked, scene)
    if (bent === undefined) delete page.members.next_cursor
    else page.members.next_cursor = bent
    return page
  })

/** What a bend that lasts a run and has to be noticed by the rows that stand applies to: this list of this stream. */
const listKey = ({ streams, query }: Asked): string => `${streams[0]} ${query.get('status') ?? ''}`

/** Whether to strike lists like this one in this run: decided at the first, and kept. */
function decided(asked: Asked, { memory }: Scene, decide: () => boolean): boolean {
  const key = `decided ${listKey(asked)}`
  const known = memory.get(key)
  if (typeof known === 'boolean') return known
  const strikes = decide()
  memory.set(key, strikes)
  return strikes
}

const keysOf = ({ records }: Page): string[] => records.map(({ id }) => String(id))
/** The same two of five ids each time. */
const isLeftOut = (id: unknown): boolean => Math.imul(Number(id), 2654435761) >>> 0 < 2 ** 32 * 0.4

const FIREWALL = '<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>Access denied</body></html>'
const HTML = { 'content-type': 'text/html; charset=UTF-8' }
const NESTED = 6000

export const BENDS: readonly Bend[] = [
  // Time.
  {
    name: 'date_2099_on_error',
    weight: 2,
    case: 'K1/1',
    tells: 'An error page of some machine on the way: its Date is not the time of the API, and lies far ahead of ours.',
    ...answers(ANY, ({ headers }) => ({
      status: 502,
      headers: { ...headers, date: 'Thu, 01 Jan 2099 00:00:00 GMT' },
      body: Buffer.from('bad gateway'),
    })),
  },
  {
    name: 'date_2099_once',
    weight: 2,
    case: 'K1/1',
    tells: 'The time lies far ahead of our own clock.',
    ...dated(() => 'Thu, 01 Jan 2099 00:00:00 GMT'),
  },
  {
    name: 'date_three_days_ahead',
    weight: 2,
    case: 'K1/1',
    lasting: 'run',
    everywhere: true,
    tells: 'The time lies three days ahead of our own clock.',
    ...dated(now => new Date(now + 3 * 86_400_000).toUTCString()),
  },
  {
    name: 'date_a_day_back',
    weight: 1,
    lasting: 'run',
    everywhere: true,
    tells: 'The source seems to be a day late: an upper bound that is too early only has more read again.',
    ...dated(now => new Date(now - 86_400_000).toUTCString()),
  },
  {
    name: 'date_garbage',
    weight: 1,
    lasting: 'run',
    everywhere: true,
    tells: 'It is no date.',
    ...dated(() => 'yesterday'),
  },
  {
    name: 'date_absent',
    weight: 1,
    lasting: 'run',
    everywhere: true,
    tells: 'There is none: our own clock remains.',
    ...answers(ANY, ({ headers: { date: _, ...headers }, ...answer }) => ({ ...answer, headers })),
  },
  // Versions.
  {
    name: 'cursor_2099',
    weight: 3,
    case: 'K1/2',
    tells: 'The time of change is later than the answer that shows it.',
    ...cursored(given => (given.length === 19 ? '2099-01-01T00:00:00' : '2099-01-01T00:00:00+00:00')),
  },
  {
    name: 'cursor_goes_back',
    weight: 3,
    case: 'K1/2',
    tells: 'Nothing proves which version is right; that an older one came for a newer row has to be counted and said.',
    ...cursored(given => shifted(given, -3_600_000)),
  },
  {
    name: 'cursor_null',
    weight: 3,
    case: 'K1/4',
    tells: 'The record is there whether or not it says when it changed.',
    ...cursored(() => null),
  },
  {
    name: 'cursor_garbage',
    weight: 1,
    tells: 'It is no time: the record is set aside, and the report says so.',
    ...cursored(() => 'yesterday'),
  },
  // Refusals.
  {
    name: 'firewall_403_everywhere',
    weight: 1,
    case: 'K3/10',
    lasting: 'run',
    everywhere: true,
    tells: 'The body is not the JSON of the API.',
    ...refusal(403, FIREWALL, HTML),
  },
  {
    name: 'firewall_403',
    weight: 2,
    case: 'K3/10',
    lasting: 'run',
    tells: 'The body is not the JSON of the API.',
    ...refusal(403, FIREWALL, HTML),
  },
  {
    name: 'frozen_402_everywhere',
    weight: 1,
    case: 'K3/10',
    lasting: 'run',
    everywhere: true,
    tells: 'A store that does not pay is not a scope that is missing.',
    ...refusal(402, '{"errors":"store frozen"}'),
  },
  {
    name: 'frozen_402',
    weight: 1,
    case: 'K3/10',
    lasting: 'run',
    tells: 'A store that does not pay is not a scope that is missing.',
    ...refusal(402, '{"errors":"store frozen"}'),
  },
  {
    name: 'forbidden_403',
    weight: 2,
    case: 'K3/11',
    lasting: 'run',
    tells: 'The stream was read before: then the refusal is a failure. One that never was may be skipped.',
    ...refusal(403, '{"errors":"Your API token is missing the scope"}'),
  },
  {
    name: 'scope_taken_away',
    weight: 2,
    case: 'K3/11',
    lasting: 'run',
    everywhere: true,
    tells: 'The token had the scope before.',
    ...answers(['token'], (answer, _, { random }) => {
      const text = answer.body.toString()
      const scopes = [...text.matchAll(/"read_\w+",?/g)].map(([scope]) => scope)
      const gone = scopes[random.between(0, scopes.length - 1)]
      return gone === undefined ? null : withBody(answer, text.replace(gone, '').replace(',]', ']'))
    }),
  },
  {
    name: 'no_scopes_at_all',
    weight: 1,
    case: 'K3/11',
    lasting: 'run',
    everywhere: true,
    tells: 'The token had scopes before; with none, every stream is refused.',
    ...answers(['token'], answer =>
      withBody(answer, answer.body.toString().replace(/"scopes":\[.*?\]/, '"scopes":[]')),
    ),
  },
  {
    name: 'scopes_not_told',
    weight: 1,
    lasting: 'run',
    everywhere: true,
    tells: 'Without a list of scopes every stream is tried.',
    ...answers(['token'], answer =>
      withBody(answer, answer.body.toString().replace(/"scopes":\[.*?\]/, '"scopes":null')),
    ),
  },
  {
    name: 'unauthorised_401',
    weight: 2,
    tells: 'The status.',
    ...refusal(401, '{"error":"bad authentication"}'),
  },
  ...[301, 302, 304, 307, 400, 405, 406, 410, 413, 418, 422, 426, 451, 501, 204, 206, 202, 203].map(
    (status): Bend => ({
      name: `status_${status}`,
      weight: 0.4,
      lasting: 'some',
      tells: 'The status.',
      ...refusal(status, status < 300 || status === 304 ? '' : '{"errors":"no"}', { location: '/elsewhere' }),
    }),
  ),
  {
    name: 'missing_404',
    weight: 1,
    case: 'K3/11',
    lasting: 'run',
    tells: 'A resource that was there does not vanish: only a stream that was never read may be skipped for it.',
    ...refusal(404, '{"errors":"Not Found"}'),
  },
  ...[408, 409, 500, 502, 503, 504, 520, 529].map(
    (status): Bend => ({
      name: `status_${status}`,
      weight: 0.6,
      lasting: 'some',
      tells: 'The status; it passes.',
      ...refusal(status, 'try again'),
    }),
  ),
  {
    name: 'throttled_429',
    weight: 2,
    lasting: 'some',
    tells: 'The status.',
    ...refusal(429, '{"warning":"too many requests"}'),
  },
  {
    name: 'throttled_429_with_retry_after',
    weight: 1,
    lasting: 'some',
    tells: 'The status and the header.',
    ...refusal(429, '{"warning":"too many requests"}', { 'retry-after': '0.02' }),
  },
  {
    name: 'throttled_429_for_a_day',
    weight: 1,
    tells: 'The status and the header: nobody waits that long in a run.',
    ...refusal(429, '{"warning":"too many requests"}', { 'retry-after': '86400' }),
  },
  {
    name: 'throttled_429_with_nonsense',
    weight: 1,
    tells: 'The status; the header is no time.',
    ...refusal(429, '{"warning":"too many requests"}', { 'retry-after': 'soon' }),
  },
  {
    name: 'errors_in_200',
    weight: 1,
    lasting: 'some',
    tells: 'The list is not there.',
    ...refusal(200, '{"errors":"Internal error"}'),
  },
  {
    name: 'maintenance_page_in_200',
    weight: 1,
    lasting: 'some',
    tells: 'It is not JSON.',
    ...refusal(200, FIREWALL, HTML),
  },
  // The connection.
  { name: 'reset', weight: 2, lasting: 'some', tells: 'The connection ends.', ...answers(ANY, () => 'reset') },
  { name: 'hang', weight: 0.3, tells: 'No answer comes in time.', ...answers(['list'], () => 'hang') },
  { name: 'cut', weight: 2, lasting: 'some', tells: 'Content-Length.', ...answers(ANY, answer => ({ cut: answer })) },
  {
    name: 'half_a_body',
    weight: 2,
    lasting: 'some',
    tells: 'It is no JSON.',
    ...answers(ANY, answer => withBody(answer, answer.body.subarray(0, answer.body.length >> 1))),
  },
  {
    name: 'empty_body',
    weight: 2,
    lasting: 'some',
    tells: 'It is no JSON.',
    ...answers(ANY, answer => withBody(answer, '')),
  },
  {
    name: 'two_bodies',
    weight: 1,
    tells: 'It is no JSON.',
    ...answers(ANY, answer => withBody(answer, Buffer.concat([answer.body, answer.body]))),
  },
  {
    name: 'byte_order_mark',
    weight: 0.5,
    tells: 'Either it is read without the mark, or it is no JSON.',
    ...answers(ANY, answer => withBody(answer, Buffer.concat([Buffer.from('\ufeff'), answer.body]))),
  },
  {
    name: 'gzip',
    weight: 1,
    lasting: 'run',
    tells: 'The header.',
    ...answers(ANY, ({ status, headers, body }) => ({
      status,
      headers: { ...headers, 'content-encoding': 'gzip' },
      body: gzipSync(body),
    })),
  },
  {
    name: 'brotli',
    weight: 0.5,
    lasting: 'run',
    tells: 'The header.',
    ...answers(ANY, ({ status, headers, body }) => ({
      status,
      headers: { ...headers, 'content-encoding': 'br' },
      body: brotliCompressSync(body),
    })),
  },
  {
    name: 'gzip_damaged',
    weight: 1,
    lasting: 'some',
    tells: 'Its checksum.',
    ...answers(ANY, ({ status, headers, body }, _, { random }) => {
      const zipped = gzipSync(body)
      const at = random.between(10, zipped.length - 5)
      zipped[at] = (zipped[at] ?? 0) ^ 0x55
      return { status, headers: { ...headers, 'content-encoding': 'gzip' }, body: zipped }
    }),
  },
  {
    name: 'gzip_cut',
    weight: 1,
    lasting: 'some',
    tells: 'It ends too early.',
    ...answers(ANY, ({ status, headers, body }) => {
      const zipped = gzipSync(body)
      const half = zipped.subarray(0, zipped.length >> 1)
      return { status, headers: { ...headers, 'content-encoding': 'gzip' }, body: half }
    }),
  },
  {
    name: 'slow',
    weight: 1,
    lasting: 'some',
    tells: 'Nothing: it is whole.',
    ...answers(ANY, (late, _, { random }) => ({ late, ms: random.between(5, 60) })),
  },
  {
    name: 'wrong_version',
    weight: 1,
    tells: 'The header.',
    ...answers(['list', 'one', 'count'], ({ headers, ...answer }) => {
      const version = headers['x-recharge-version'] === '2021-11' ? '2021-01' : '2021-11'
      return { ...answer, headers: { ...headers, 'x-recharge-version': version } }
    }),
  },
  {
    name: 'limit_absurd',
    weight: 1,
    case: 'K6/27',
    lasting: 'some',
    tells: 'No bucket is fuller than full.',
    ...answers(ANY, answer => ({ ...answer, headers: { ...answer.headers, 'x-recharge-limit': '100000/40' } })),
  },
  ...['-1/0', '40/0', 'full', '0/100000', '1e9/1e9'].map(
    (limit): Bend => ({
      name: `limit_${limit}`,
      weight: 0.3,
      lasting: 'some',
      tells: 'It is no level of a bucket, or a harmless one.',
      ...answers(ANY, answer => ({ ...answer, headers: { ...answer.headers, 'x-recharge-limit': limit } })),
    }),
  ),
  // The end of a list.
  {
    name: 'empty_list',
    weight: 3,
    case: 'K4/17',
    lasting: 'run',
    tells: 'Rows that stand within what was asked for are not there.',
    ...pages((page, asked, scene) => {
      const strikes = (): boolean => {
        const there = scene.provable()
        // Filters may be read as Eastern time, and a queued record may be deleted: such rows prove nothing.
        const from = Date.parse(asked.query.get('updated_at_min') ?? '1970-01-01') + 5 * 3_600_000
        // So does a record that is within a day of being forgotten.
        const retention = streamOf(asked)?.retention ?? null
        const kept = scene.now() - ((retention?.days ?? 0) - 1) * 86_400_000
        const isForgettable = (record: Page['records'][number]): boolean =>
          retention !== null && Date.parse(String(record[retention.by])) < kept
        const isProof = (record: Page['records'][number]): boolean => {
          const { updated_at: at, status } = record
          if (status === 'queued' || isForgettable(record)) return false
          return at === undefined || Number.isNaN(from) || Date.parse(String(at)) > from
        }
        return page.records.some(record => there.has(String(record.id)) && isProof(record))
      }
      if (!decided(asked, scene, strikes)) return null
      return { ...page, members: { ...page.members, next_cursor: null }, records: [] }
    }),
  },
  {
    name: 'other_ids',
    streams: ({ sync, parent }) => sync.mode === 'full' && parent === null,
    weight: 2,
    case: 'K2/9',
    lasting: 'run',
    tells: 'None of the rows that stand is in a whole list.',
    ...pages((page, asked, scene) => {
      const stream = streamOf(asked)
      if (stream?.sync.mode !== 'full' || stream.pagination === 'single' || stream.parent !== null) return null
      const strikes = (): boolean => {
        const there = scene.provable()
        return keysOf(page).some(key => there.has(key))
      }
      if (!decided(asked, scene, strikes)) return null
      return { ...page, records: page.records.map(record => ({ ...record, id: Number(record.id) + 1e9 })) }
    }),
  },
  {
    name: 'part_of_the_ids',
    streams: ({ name }) => ['payment_methods', 'charges', 'orders'].includes(name),
    weight: 3,
    case: 'K2/9',
    lasting: 'run',
    tells:
      'More than ten rows, and more than a tenth, are gone at once: some of them can be asked for by id, or a second scan.',
    ...pages((page, asked, scene) => {
      const stream = streamOf(asked)
      const whole = stream?.sync.mode === 'full' && stream.each === null && stream.parent === null
      if (!whole && !asked.query.has('status')) return null
      const strikes = (): boolean => {
        const there = scene.provable()
        return keysOf(page).filter(key => there.has(key) && isLeftOut(key)).length > 14
      }
      if (!decided(asked, scene, strikes)) return null
      return { ...page, records: page.records.filter(({ id }) => !isLeftOut(id)) }
    }),
  },
  {
    name: 'pointer_null',
    weight: 2,
    case: 'K4/15',
    tells: 'The page is as long as the pages before it, so it proves no end.',
    ...pointing(() => null, { sizeKnown: true }),
  },
  {
    name: 'pointer_empty',
    weight: 1,
    case: 'K4/15',
    tells: 'The page is as long as the pages before it, so it proves no end.',
    ...pointing(() => '', { sizeKnown: true }),
  },
  {
    name: 'pointer_absent',
    weight: 2,
    case: 'K4/15',
    tells: 'A list with records names its next page, or null.',
    ...pointing(() => undefined, { sizeKnown: false }),
  },
  {
    name: 'pointer_renamed',
    weight: 1,
    case: 'K4/15',
    lasting: 'run',
    tells: 'A list with records names its next page, or null.',
    ...pages(page => {
      const { next_cursor: pointer, ...members } = page.members
      return typeof pointer === 'string' ? { ...page, members: { ...members, next_page_token: pointer } } : null
    }),
  },
  {
    name: 'pointer_number',
    weight: 1,
    case: 'K4/15',
    tells: 'It is neither text nor null.',
    ...pointing((_, __, { random }) => random.between(0, 99), { sizeKnown: false }),
  },
  {
    name: 'pointer_object',
    weight: 1,
    case: 'K4/15',
    tells: 'It is neither text nor null.',
    ...pointing(pointer => ({ cursor: pointer }), { sizeKnown: false }),
  },
  {
    name: 'pointer_false',
    weight: 1,
    case: 'K4/15',
    tells: 'It is neither text nor null.',
    ...pointing(() => false, { sizeKnown: false }),
  },
  {
    name: 'pointer_garbage',
    weight: 1,
    tells: 'The API refuses it.',
    ...pointing(() => 'bm90aGluZw==', { sizeKnown: false }),
  },
  {
    name: 'pointer_to_itself',
    weight: 1,
    tells: 'The page before comes again.',
    ...pointing((_, { query }) => query.get('cursor') ?? undefined, { sizeKnown: true }),
  },
  {
    name: 'pointers_in_a_circle',
    weight: 1,
    case: 'K4/16',
    lasting: 'run',
    tells: 'A pointer comes round that was followed before.',
    ...pointing(
      (pointer, { streams, query }, { memory }) => {
        const key = `circle ${streams[0]} ${query.get('status') ?? ''} ${query.get('owner_resource') ?? ''}`
        const known = (memory.get(key) ?? []) as readonly string[]
        if (known.includes(pointer)) return pointer
        // From the third page back to the second, and from there to the third again.
        if (known.length === 2) return known[0]
        memory.set(key, [...known, pointer])
        return pointer
      },
      { sizeKnown: false },
    ),
  },
  {
    name: 'pages_without_end',
    weight: 1,
    case: 'K4/16',
    lasting: 'run',
    tells: 'The pages show the same records over and over.',
    ...pages((page, { streams, query }, { memory }) => {
      const pointer = page.members.next_cursor
      const key = `endless ${streams[0]} ${query.get('status') ?? ''} ${query.get('owner_resource') ?? ''}`
      if (typeof pointer === 'string') {
        if (!memory.has(key)) memory.set(key, pointer)
        return page
      }
      const start = memory.get(key)
      if (pointer !== null || typeof start !== 'string') return null
      const round = Number(memory.get(`${key} round`) ?? 0) + 1
      memory.set(`${key} round`, round)
      const position = { ...JSON.parse(Buffer.from(start, 'base64').toString()), round }
      page.members.next_cursor = Buffer.from(JSON.stringify(position)).toString('base64')
      return page
    }),
  },
  {
    name: 'link_absent',
    streams: ({ version }) => version === '2021-01',
    weight: 1,
    case: 'K4/15',
    tells: 'The page is as long as the pages before it, so it proves no end.',
    ...answers(['list'], (answer, { sizeKnown }) => {
      const { link, ...headers } = answer.headers
      return link === undefined || !sizeKnown ? null : { ...answer, headers }
    }),
  },
  {
    name: 'previous_answer_again',
    weight: 2,
    tells: 'The page before comes again.',
    ...answers(['list'], (_, { first }, { previous }) => (first ? null : previous)),
  },
  {
    name: 'previous_rows_again',
    weight: 1,
    tells: 'The page before comes again, beside the pointer of this one.',
    ...pages((page, { first }, { previous }) => {
      const before = previous === null || first ? null : pageOf(previous)
      return before === null || before.list !== page.list ? null : { ...page, records: before.records }
    }),
  },
  {
    name: 'page_of_another_list',
    weight: 2,
    lasting: 'some',
    tells: 'The list has another name.',
    ...answers(['list'], (answer, _, { other }) => {
      const own = pageOf(answer)
      const theirs = other === null ? null : pageOf(other)
      return own === null || theirs === null || own.list === theirs.list ? null : other
    }),
  },
  {
    name: 'list_is_null',
    weight: 1,
    lasting: 'some',
    tells: 'It is no list.',
    ...pages((page, _, __, answer) => withBody(answer, JSON.stringify({ ...page.members, [page.list]: null }))),
  },
  {
    name: 'list_is_an_object',
    weight: 1,
    tells: 'It is no list.',
    ...pages((page, _, __, answer) => withBody(answer, JSON.stringify({ ...page.members, [page.list]: {} }))),
  },
  {
    name: 'records_are_null',
    weight: 1,
    tells: 'They are no objects: each is set aside, and without a key.',
    ...pages((page, _, __, answer) =>
      withBody(answer, JSON.stringify({ ...page.members, [page.list]: page.records.map(() => null) })),
    ),
  },
  {
    name: 'duplicates',
    weight: 1,
    lasting: 'some',
    tells: 'Nothing: they are the same.',
    ...pages(page => ({ ...page, records: page.records.flatMap(record => [record, record]) })),
  },
  {
    name: 'out_of_order',
    weight: 2,
    lasting: 'some',
    tells: 'The times of change.',
    ...pages((page, _, { random }) => ({
      ...page,
      records: page.records
        .map(record => ({ record, at: random.next() }))
        .sort((a, b) => a.at - b.at)
        .map(({ record }) => record),
    })),
  },
  // Bytes and JSON.
  {
    name: 'not_utf8',
    weight: 3,
    case: 'K4/18',
    tells: 'The bytes are not UTF-8.',
    ...answers(['list'], answer => {
      const text = /"(?:first_name|last_name|title|name|description|city|address1|code|product_title)":"(?=\w)/
      const found = text.exec(answer.body.toString('latin1'))
      if (found === null) return null
      const body = Buffer.from(answer.body)
      body[found.index + found[0].length] = 0xe9
      return { ...answer, body }
    }),
  },
  {
    name: 'latin1_declared',
    weight: 2,
    case: 'K4/18',
    lasting: 'run',
    tells: 'The charset that the header declares.',
    ...answers(['list'], ({ status, headers, body }) => {
      const text = body.toString()
      const codes = Array.from(text, character => character.codePointAt(0) ?? 0)
      if (!codes.some(code => code > 127) || codes.some(code => code > 255)) return null
      const type = 'application/json; charset=iso-8859-1'
      return { status, headers: { ...headers, 'content-type': type }, body: Buffer.from(text, 'latin1') }
    }),
  },
  {
    name: 'nested_deep',
    weight: 2,
    case: 'K6/23',
    tells: 'No database takes it: the record is kept without it or set aside, and the report says so.',
    ...odd(`${'['.repeat(NESTED)}${']'.repeat(NESTED)}`),
  },
  {
    name: 'exponent_huge',
    weight: 1,
    case: 'K6/23',
    tells: 'As above.',
    ...odd('1e131073'),
  },
  {
    name: 'exponent_tiny',
    weight: 1,
    case: 'K6/23',
    tells: 'As above.',
    ...odd('1e-20000'),
  },
  { name: 'half_a_surrogate', weight: 1, tells: 'It is taken out and counted.', ...odd('"a\\ud83d"') },
  { name: 'nul', weight: 1, tells: 'It is taken out and counted.', ...odd('"a\\u0000b"') },
  { name: 'proto_member', weight: 1, tells: 'It is a member like any other.', ...odd('{"a":1}', '__proto__') },
  { name: 'nameless_member', weight: 1, tells: 'It is a member like any other.', ...odd('{"":{"":1}}', '') },
  {
    name: 'id_null',
    weight: 1,
    tells: 'A record without a key is set aside.',
    ...pages((page, _, { random }) => {
      const record = page.records[random.between(0, page.records.length - 1)]
      if (record?.id === undefined) return null
      record.id = null
      return page
    }),
  },
  {
    name: 'id_as_text',
    weight: 1,
    tells: 'It is the same number.',
    ...pages(page => ({ ...page, records: page.records.map(r => ({ ...r, id: String(r.id) })) })),
  },
  {
    name: 'ids_as_objects',
    weight: 0.5,
    tells: 'Records without a usable key are set aside.',
    ...pages(page => ({ ...page, records: page.records.map(r => ({ ...r, id: { is: r.id } })) })),
  },
  ...['0', '1000000000', '-5', '"many"', 'null'].map(
    (count): Bend => ({
      name: `count_${count.replaceAll('"', '')}`,
      weight: 0.3,
      lasting: 'run',
      everywhere: true,
      tells: 'A count is a hint: nothing may rest on it.',
      ...answers(['count'], answer => withBody(answer, `{"count":${count}}`)),
    }),
  ),
]

/*
 * Left out, because no program can know:
 *
 * - Records missing from a page of an incremental stream that has a right pointer: the records may not have changed.
 * - `next_cursor: null` beside a page that is shorter than asked for, while no page before it was: so a list ends.
 * - An empty page with a null pointer after others: what followed may have been deleted or edited meanwhile.
 * - A whole list that lacks ten records or less: so many may be deleted between two runs.
 * - `[]` of an incremental stream of which no row stands in what was asked for: nothing may have changed.
 * - Values that changed while `updated_at` stayed, of a record that is not read again: `reconcile` is for those.
 * - Records of another list under the right name.
 */
