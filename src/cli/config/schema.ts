import { z } from 'zod'
import { parseInstant } from '../../common/instant.ts'
import { isZone } from '../../common/zone.ts'
import { DEFAULT_ZONE, type Groups, STORE_ZONE } from '../../schema/lookup-views.ts'
import { duckdbProblem, nameProblem, postgresProblem, readCopyProblem, schemaProblem } from './address.ts'
import { nearest } from './nearest.ts'

const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
/** In milliseconds. */
export const DAY = UNITS.d

/** Milliseconds of `90s` or `1d`; null: the text is not a duration. */
export function durationMs(text: string): number | null {
  const match = /^(\d+)(ms|s|m|h|d)$/.exec(text)
  return match ? Number(match[1]) * UNITS[match[2] as keyof typeof UNITS] : null
}

const duration = z
  .string()
  .transform(durationMs)
  .refine(ms => ms !== null, 'a number with a unit: 30s, 15m, 2h or 1d')
export const positiveDuration = duration.refine(ms => ms !== 0, 'a time above zero')
/** A variable of the environment is always text. */
export const flag = z.union(
  [z.boolean(), z.enum(['true', 'false']).transform(text => text === 'true')],
  'true or false',
)
const number = z.union(
  [
    z.number(),
    z
      .string()
      .regex(/^\d+(\.\d+)?$/)
      .transform(Number),
  ],
  'a number',
)
const positive = number.pipe(z.number().positive('a number above zero'))
export const whole = number.pipe(z.number().int().min(1, 'a whole number from 1'))
const day = z
  .string()
  .transform(text => parseInstant(text, 'UTC'))
  .refine(instant => instant !== null, 'a day, such as 2015-01-01')
const share = z
  .string()
  .regex(/^(\d{1,2}|100)%$/, 'a percentage from 1% to 100%')
  .transform(text => Number.parseInt(text, 10) / 100)
  .refine(part => part > 0, 'a percentage from 1% to 100%')
/** The token itself, from the setting or from its file. */
export const token = z
  .string()
  .transform(text => text.trim())
  .refine(text => text !== '', 'is empty')
  .refine(text => /^[\x21-\x7e]*$/.test(text), 'contains a space or another character that no token has')
const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/
const address = z
  .url('an address such as https://api.rechargeapps.com')
  .refine(text => {
    // `z.url` reports it already.
    if (!URL.canParse(text)) return true
    const { protocol, hostname } = new URL(text)
    return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.test(hostname))
  }, 'must start with https: anyone on the way could read the token (http is for this machine only)')
  .refine(
    text => !URL.canParse(text) || new URL(text).username + new URL(text).password === '',
    'contains a user or a password, which the API does not take',
  )
export const name = z
  .string()
  .regex(/^[a-z_][a-z0-9_]{0,62}$/, 'a lower-case name of at most 63 letters, digits and _')
  .superRefine(reporting(schemaProblem))

/** Turns what a function says of a value into an issue. */
function reporting<T>(problemOf: (value: T) => string | null) {
  return (value: T, context: { addIssue(issue: { code: 'custom'; message: string }): void }): void => {
    const message = problemOf(value)
    if (message !== null) context.addIssue({ code: 'custom', message })
  }
}

export const postgresAddress = z
  .string()
  .regex(/^postgres(ql)?:\/\//, 'an address such as postgres://user:password@host:5432/database')
  .superRefine(reporting(postgresProblem))

const zone = z.string().superRefine(reporting(text => (text === STORE_ZONE || isZone(text) ? null : zoneProblem(text))))

const zoneProblem = (text: string): string =>
  `is no time zone${nearest(text, [...Intl.supportedValuesOf('timeZone'), 'UTC', STORE_ZONE])}; a zone has a name such as Europe/Berlin`

const word = z.string().regex(/\S/, 'a text')

/** Types that two groups have. */
function groupedTwice(groups: Groups): string | null {
  const all = Object.values(groups).flat()
  const twice = [...new Set(all.filter((type, i) => all.indexOf(type) !== i))]
  return twice.length === 0 ? null : `has ${twice.join(', ')} in two places; a type belongs to one group`
}

const MONITOR = 'an http: or https: address'
/** An address that is a secret as a whole, so nothing of it is quoted. */
const monitor = z
  .string()
  .refine(text => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol), MONITOR)
  .refine(text => {
    try {
      return decodeURIComponent(`${new URL(text).username}${new URL(text).password}`) !== null
    } catch {
      return !URL.canParse(text)
    }
  }, 'contains a user or a password with a % that is not an escape; write it as %25')

const occasion = z.enum(['failure', 'recovery', 'always'])
const occasions = z
  .union([occasion, z.array(occasion).min(1)], 'failure, recovery or always, or a list of them')
  .default(['failure', 'recovery'])
  .transform(given => (Array.isArray(given) ? given : [given]))
  .describe(
    'When it is told: when something begins to be wrong (failure), when nothing is wrong any more (recovery), or after each run (always). Default: [failure, recovery].',
  )

const MOST_COMMAND_MS = 30 * UNITS.s

const policy = z.enum(['keep', 'hash', 'omit'], 'keep, hash or omit')

/** All settings. Their descriptions become the JSON Schema that editors read. */
export const configSchema = z.strictObject({
  env_file: z
    .string()
    .min(1)
    .optional()
    .describe(
      'File with lines NAME=value for the variables that this file names; relative to this file. What the environment sets goes before it.',
    ),
  recharge: z.strictObject({
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the syntax of the file
    token: token.optional().describe('API token of the store. ${NAME} reads the environment, ${file:PATH} a file.'),
    token_file: z
      .string()
      .min(1)
      .optional()
      .describe('File that holds the token; relative to this file. Instead of token.'),
    base_url: address.default('https://api.rechargeapps.com').describe('Address of the API.'),
    start: day.optional().describe('How far back the first run reads. Default: everything.'),
    overlap: duration.default(DAY).describe('Every run reads again this far before its checkpoint.'),
    concurrency: z
      .union([z.literal('auto'), whole], 'auto, or a whole number from 1')
      .default('auto')
      .describe(
        'Requests in flight at most. auto: as many as the rate and the latency need, as far as their pages fit into memory.',
      ),
    rate: z
      .union(
        [z.literal('auto'), z.strictObject({ bucket: whole, per_second: positive })],
        'auto, or bucket and per_second',
      )
      .default('auto')
      .describe('auto begins with the tier of the token, and learns from the levels that responses show.'),
    budget: share.default(1).describe("Share of the token's rate this connector may use."),
    timeout: positiveDuration.default(60_000).describe('How long one request may take.'),
    patience: positiveDuration
      .default(120_000)
      .describe('How long a run waits for Recharge while no connection to it can be made.'),
  }),
  destination: z
    .strictObject({
      duckdb: z
        .string()
        .superRefine(reporting(duckdbProblem))
        .optional()
        .describe('A DuckDB file; relative to this file. Not named as the schema.'),
      read_copy: z
        .string()
        .superRefine(reporting(duckdbProblem))
        .optional()
        .describe(
          'Only with duckdb: a copy of the file, replaced after each run, which readers open. So they neither wait for a run nor keep one out. Relative to this file. Default: none.',
        ),
      postgres: postgresAddress.optional().describe('Address of a Postgres database.'),
      schema: name.default('recharge').describe('Schema that the tables are in.'),
    })
    .refine(d => (d.duckdb === undefined) !== (d.postgres === undefined), 'needs either duckdb or postgres')
    .superRefine(reporting(({ duckdb, schema }) => (duckdb === undefined ? null : nameProblem(duckdb, schema))))
    .superRefine(({ duckdb, read_copy, schema }, context) => {
      if (read_copy === undefined) return
      const message = readCopyProblem(duckdb ?? null, read_copy, schema)
      if (message !== null) context.addIssue({ code: 'custom', path: ['read_copy'], message })
    }),
  streams: z
    .union(
      [
        z.literal('all'),
        z.array(z.string()).min(1, 'names no stream; write all, or a list of at least one'),
        z.strictObject({ except: z.array(z.string()) }),
      ],
      'all, a list, or except: with a list',
    )
    .default('all')
    .describe('Streams to sync.'),
  refresh: z
    .union([duration, z.record(z.string(), duration)], 'a duration, or one for each stream by name')
    .default(DAY)
    .describe(
      'How old the last full scan of a stream without a cursor, or the last list of queued charges or orders, may be before the next.',
    ),
  history: z
    .array(z.string())
    .default(['subscriptions'])
    .describe('Streams whose every version seen is kept, in <stream>__history. Default: subscriptions. [] keeps none.'),
  views: flag
    .default(true)
    .describe('Whether a sync makes the views in <schema>_analytics. false makes none, and drops none. Default: true.'),
  fivetran_views: flag
    .default(false)
    .describe(
      "Whether the views that a sync makes include those in <schema>_fivetran: sixteen tables and checkout in the layout of Fivetran's connector, for the dbt package dbt_recharge. Turned off again, the next sync drops them. Default: false.",
    ),
  analytics: z
    .strictObject({
      zone: zone
        .default(DEFAULT_ZONE)
        .describe(
          `Time zone in which the views count days and months: a name such as Europe/Berlin, or ${STORE_ZONE} for that of the store. Default: ${DEFAULT_ZONE}, in which Recharge counts.`,
        ),
      excluded_skus: z.array(word).default([]).describe('SKUs that no metric counts, such as those of gift cards.'),
      reason_groups: z
        .record(word, z.array(word))
        .default({})
        .describe(
          'Groups of cancellation reasons, each with texts that its reasons contain. They are tried before the groups of the program.',
        ),
      error_groups: z
        .record(word, z.array(word))
        .superRefine(reporting(groupedTwice))
        .default({})
        .describe(
          'Groups of error types of charges, each with its types. They replace what the program says of those types.',
        ),
    })
    .prefault({})
    .describe('What the views count by.'),
  materialize: z
    .union(
      [
        z.array(z.string()),
        z.strictObject({ add: z.array(z.string()).default([]), except: z.array(z.string()).default([]) }),
      ],
      'a list, or add: and except: with lists',
    )
    .default([])
    .transform(given => (Array.isArray(given) ? { add: given, except: [] } : given))
    .describe(
      'Views that are kept as tables and refreshed after a sync, so that they answer at once. A list adds to those that the program keeps; { except: [...] } takes from them.',
    ),
  indexes: flag
    .default(true)
    .describe(
      'Whether tables in Postgres get indexes on ids and times, after their first load. false makes none, and drops none. Default: true.',
    ),
  sensitive: policy
    .default('hash')
    .describe(
      'What is stored of credentials (login links, processor tokens, portal keys): a salted hash, nothing (omit), or the value (keep).',
    ),
  columns: z
    .record(z.string(), z.record(z.string(), policy))
    .default({})
    .describe('What is stored of any other column, by table and column: { customers: { email: hash, phone: omit } }.'),
  drift: z
    .enum(['capture', 'evolve', 'fail'], 'capture, evolve or fail')
    .default('capture')
    .describe(
      'What to do with a field that is not declared: keep it in _extra (capture), make a column for it (evolve), or stop the stream (fail).',
    ),
  on_mismatch: z
    .union([z.literal('reject'), z.literal('null'), z.null()], 'reject or null')
    .default('null')
    .transform(choice => choice ?? 'null')
    .describe(
      'What to do with a value of another type than declared: leave its column null and keep the value in _extra (null), or set the whole record aside in _sync_rejects (reject).',
    ),
  max_rejects: whole
    .default(100)
    .describe('How many records of one stream may be rejected in one run before the stream fails.'),
  retention: positiveDuration
    .default(90 * DAY)
    .describe(
      'How long reports of runs and results of reconcile are kept, in state/runs and in the warehouse. The last run of each stream, and the last one that was complete, are always kept. Default: 90d.',
    ),
  notify: z
    .strictObject({
      ping: monitor
        .optional()
        .describe(
          'Address of a check of healthchecks.io or one like it. Each sync requests it with /start at its beginning, and at its end as it is, or with /fail.',
        ),
      webhook: z
        .strictObject({
          url: monitor.describe('Address that gets a POST.'),
          format: z
            .enum(['json', 'slack'], 'json or slack')
            .default('json')
            .describe('What is sent: a JSON document with the report, or a message for Slack. Default: json.'),
          on: occasions,
        })
        .optional()
        .describe('A webhook that is told.'),
      command: z
        .strictObject({
          run: z
            .union(
              [z.string().regex(/\S/), z.array(z.string()).min(1)],
              'a command for the shell, or a list of a program and its arguments',
            )
            .describe('A command for the shell, or a program and its arguments. It gets the JSON document on stdin.'),
          on: occasions,
          timeout: positiveDuration
            .refine(ms => ms === null || ms <= MOST_COMMAND_MS, '30s at most: a run waits for it')
            .default(10_000)
            .describe('After this time the command is ended, with all its processes. Default: 10s, at most 30s.'),
        })
        .optional()
        .describe('A command that is told.'),
      max_age: positiveDuration
        .optional()
        .describe(
          'How far behind a stream may be before that is told, for example 3h. A stream without a cursor may be older by refresh. Default: it is not told.',
        ),
    })
    .prefault({})
    .describe('Whom runs tell how they ended.'),
  metrics: z
    .strictObject({
      textfile: z
        .string()
        .min(1)
        .optional()
        .describe(
          'File for the textfile collector of the node exporter of Prometheus, replaced by each sync; relative to this file. Its folder has to exist.',
        ),
      mode: z
        .union([z.string(), z.number().transform(String)])
        .refine(text => /^0?[67][0-7]{2}$/.test(text), 'a mode such as 644')
        .default('644')
        .transform(text => Number.parseInt(text, 8))
        .describe('Mode of that file. Default: 644.'),
      pushgateway: monitor.optional().describe('Address of a Pushgateway of Prometheus that each sync pushes to.'),
      job: z
        .string()
        .regex(/^[A-Za-z0-9_.-]+$/, 'a name of letters, digits, _ . and -')
        .default('recharge_sync')
        .describe('Its job in the grouping key of the Pushgateway. Default: recharge_sync.'),
    })
    .prefault({})
    .describe('Where each sync leaves its figures for Prometheus.'),
})

type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T

/** The settings as the file or a program gives them: durations and days as text, defaults left out. */
export type Settings = DeepReadonly<Omit<z.input<typeof configSchema>, 'env_file'>>
