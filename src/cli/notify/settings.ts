/** What a run may have to say: something began to be wrong, or nothing is wrong any more. `always`: each run says how it ended. */
export type Occasion = 'failure' | 'recovery' | 'always'

export interface WebhookSettings {
  readonly url: string
  readonly format: 'json' | 'slack'
  readonly on: readonly Occasion[]
}

export interface CommandSettings {
  /** A text is for the shell; a list is a program and its arguments. */
  readonly run: string | readonly string[]
  readonly on: readonly Occasion[]
  readonly timeoutMs: number
}

/** Whom runs tell how they ended; null: nobody in this way. */
export interface NotifySettings {
  readonly ping: string | null
  readonly webhook: WebhookSettings | null
  readonly command: CommandSettings | null
  /** How far behind a stream may be before that is told, in milliseconds; null: it is never told. */
  readonly maxAgeMs: number | null
}

/** Where a sync leaves its figures; null: not there. */
export interface MetricsSettings {
  readonly textfile: string | null
  /** Mode of the file. */
  readonly mode: number
  readonly pushgateway: string | null
  /** Its `job` in the grouping key of the gateway. */
  readonly job: string
}

export const NO_NOTIFY: NotifySettings = { ping: null, webhook: null, command: null, maxAgeMs: null }
export const NO_METRICS: MetricsSettings = { textfile: null, mode: 0o644, pushgateway: null, job: 'recharge_sync' }

/** Addresses that are secrets as a whole: who has one can write there. */
export const secretAddresses = ({ ping, webhook }: NotifySettings): readonly string[] =>
  [ping, webhook?.url ?? null].filter(address => address !== null)
