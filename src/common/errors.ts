import { lines, type Printable } from './printable.ts'

/** What a run does about an error: end at once, skip the stream, fail the stream, or retry. */
export type Reaction = 'stop' | 'skip' | 'fail' | 'retry'

/** An error that users see. `code` is stable; `next` says what to do. */
export abstract class SyncError extends Error {
  readonly code: string
  readonly reaction: Reaction
  readonly next: string

  constructor(code: string, reaction: Reaction, message: string, next: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = new.target.name
    this.code = code
    this.reaction = reaction
    this.next = next
  }
}

export interface ConfigProblem {
  readonly path: string
  readonly line: number | null
  readonly message: string
}

/** The configuration or the command line is wrong. Lists every problem; no request was sent. */
export class ConfigError extends SyncError {
  readonly problems: readonly ConfigProblem[]
  /** The message, a line for each problem. */
  readonly text: Printable

  constructor(source: string, problems: readonly ConfigProblem[]) {
    const found = problems.map(
      p => `  ${p.path === '' ? source : p.path}${p.line === null ? '' : ` (line ${p.line})`}: ${p.message}`,
    )
    const text = lines(`${source} is not usable:`, ...found)
    super('config', 'stop', text, 'Correct it and run again.')
    this.problems = problems
    this.text = text
  }
}

const SOURCE = {
  unauthorised: ['stop', 'Check the token in the merchant portal (Apps > API tokens): it may be revoked or mistyped.'],
  forbidden: ['skip', 'Give the token the scope, or ask Recharge whether the plan includes this resource.'],
  blocked: [
    'fail',
    'Something between this machine and Recharge refused the request: look at the proxy, the firewall, and the list of IP addresses that may use the API.',
  ],
  frozen: ['fail', 'The store is frozen or its bill is unpaid: settle that with Recharge, then run again.'],
  refused_path: [
    'fail',
    'The token works elsewhere: ask Recharge whether it may read this resource, or leave the stream out.',
  ],
  redirected: [
    'fail',
    'The token is not sent to another address. Set recharge.base_url to the address of the API itself, and look for a proxy that redirects.',
  ],
  not_acceptable: [
    'fail',
    'Recharge answers with JSON: check recharge.base_url, and look for a proxy that changes the headers Accept or Content-Type.',
  ],
  version_refused: [
    'fail',
    'The API serves this version no longer, or a proxy changes the header X-Recharge-Version: install a newer recharge-sync, or let the header pass.',
  ],
  unsupported: ['skip', 'The store has no such resource; leave the stream out to silence this.'],
  proxy: ['stop', 'Check the user and the password in HTTPS_PROXY or HTTP_PROXY.'],
  throttled: ['retry', 'Other programs use this token: give this one a token of its own, or lower recharge.budget.'],
  conflict: ['retry', 'Recharge is still working on another request for the same resource; run again.'],
  unavailable: ['retry', 'Recharge does not answer as it should; run again later, nothing is lost.'],
  unreached: ['retry', 'No connection to Recharge could be made; run again later, nothing is lost.'],
  gone: [
    'stop',
    'The next run goes on where this one ended, and nothing is lost. recharge.patience says how long a run waits for Recharge.',
  ],
  timeout: ['retry', 'Raise recharge.timeout if this happens often; run again, nothing is lost.'],
  truncated: ['retry', 'The answer broke off; run again, nothing is lost.'],
  too_large: [
    'retry',
    'No page of records is that large: check recharge.base_url, and look for a proxy that changes answers. If it is right, please report it.',
  ],
  missing: ['fail', 'Check recharge.base_url; if it is right, the API has moved this resource: please report it.'],
  unprocessable: ['fail', 'The API refuses the parameters of this request: please report it, with the message.'],
  refused: ['fail', 'The API refuses this request: please report it, with the message.'],
} as const satisfies Record<string, readonly [Reaction, string]>

export type SourceProblem = keyof typeof SOURCE

/** The API answered with an error, or did not answer. */
export class SourceError extends SyncError {
  readonly kind: SourceProblem
  /** The wait that a Retry-After header asks for, in milliseconds; null: there was none. */
  readonly retryAfterMs: number | null
  /** A smaller page may succeed. */
  readonly tooLarge: boolean

  constructor(
    kind: SourceProblem,
    message: string,
    more: { retryAfterMs?: number | null; tooLarge?: boolean; next?: string; cause?: unknown } = {},
  ) {
    const [reaction, next] = SOURCE[kind]
    super(kind, reaction, message, more.next ?? next, more.cause)
    this.kind = kind
    this.retryAfterMs = more.retryAfterMs ?? null
    this.tooLarge = more.tooLarge ?? false
  }
}

/** The API broke a rule that this program depends on. Never treated as the end of the data. */
export class ContractError extends SyncError {
  constructor(
    code: 'stream_contract' | 'too_many_rejects' | 'not_served' | 'never_read' | 'undeclared' | 'watermark_in_future',
    message: string,
    next: string,
  ) {
    super(code, 'fail', message, next)
  }
}

const DESTINATION = {
  unreachable: ['retry', 'Check that the database runs and that the address and password are right.'],
  host_not_found: [
    'retry',
    'Check the host in the address of the destination, and that this machine can look up names.',
  ],
  connection_refused: [
    'retry',
    'Check that the database runs, and the host and port in the address of the destination.',
  ],
  no_answer: ['retry', 'Check host and port, and that no firewall lies between this machine and the database.'],
  no_socket: ['retry', 'Check that the database runs on this machine, and the folder of its socket in the address.'],
  read_only: ['retry', 'Name the primary server in the address, and a role that may write.'],
  statement_timeout: ['retry', 'Give the role more time: alter role … set statement_timeout = 0.'],
  serialisation: ['retry', 'Another transaction changed the same rows; run again.'],
  bad_address: ['stop', 'Correct the address of the destination.'],
  file_missing: ['stop', 'Correct the path in the address of the destination, or put the file there.'],
  certificate: ['stop', 'Name the authority of the certificate in the address: sslmode=verify-full&sslrootcert=FILE.'],
  no_tls: ['stop', 'Turn on TLS in the server, or take sslmode out of the address.'],
  wrong_password: ['stop', 'Correct user and password in the address of the destination.'],
  unknown_role: ['stop', 'Correct the user in the address of the destination, or create the role.'],
  not_admitted: ['stop', 'Allow this user and this machine in the server.'],
  unknown_database: ['stop', 'Correct the name of the database in the address, or create the database.'],
  wrong_encoding: ['stop', 'Create a database with the encoding UTF-8, and name it in the address.'],
  moved: ['fail', 'Another run wrote this stream at the same time; let one run at a time write to a destination.'],
  held: ['stop', 'Wait until that run ends, or stop it; then run again.'],
  lease_lost: ['stop', 'Check the connection to the database and run again; what was committed is kept.'],
  incompatible: ['fail', 'Rename the column: the next run makes a new one and reads the stream from its start.'],
  in_use: ['fail', 'Drop what uses the column. The next run converts it; then create again what was dropped.'],
  locked: ['fail', 'Run again when that transaction has ended, or end it: select pg_terminate_backend(…);'],
  constraint: [
    'fail',
    'Something that was added to the tables of recharge-sync refuses a record: drop it, or let it accept every record.',
  ],
  not_ours: [
    'stop',
    'Nothing was changed. Choose another schema (destination.schema), or rename what has the name; then run again.',
  ],
  denied: ['stop', 'Give the database user the right to create and write in the schema.'],
  no_temp: ['stop', 'Give the database user the right to create temporary tables.'],
  full: ['stop', 'Make room on the disk and run again; what was committed is kept.'],
  newer_file: ['stop', 'Run the version of recharge-sync that wrote the file, or a later one.'],
  not_a_database: ['stop', 'Name another file as the destination: the next sync creates it.'],
  damaged: [
    'stop',
    'Restore the file from a backup, or move it away: the next sync makes a new one and reads everything.',
  ],
  read_copy: [
    'fail',
    'Readers still get the old copy, which is whole. Make room in its folder, or let this user write there; the next run replaces it.',
  ],
  unreadable: ['fail', 'Reset the stream; its rows stay.'],
  not_compacted: ['fail', 'Nothing was changed, and the file keeps its size. Please report it, with the message.'],
} as const satisfies Record<string, readonly [Reaction, string]>

export type DestinationProblem = keyof typeof DESTINATION

/** The database refused, or could not be reached. */
export class DestinationError extends SyncError {
  readonly kind: DestinationProblem

  constructor(kind: DestinationProblem, message: string, cause?: unknown, next?: string) {
    const [reaction, usual] = DESTINATION[kind]
    super(kind, reaction, message, next ?? usual, cause)
    this.kind = kind
  }
}

/** The token is of another store than the rows of the warehouse, or it cannot be proved that it is not. */
export class OtherStoreError extends SyncError {
  constructor(message: string, next: string) {
    super('other_store', 'stop', message, next)
  }
}

/** The database does not answer a query of the user's. */
export class QueryError extends SyncError {
  /** The message, which may have several lines. */
  readonly text: Printable

  constructor(message: string, cause?: unknown, next = 'Correct it. `query --list` shows the tables and views.') {
    const text = lines(...message.split('\n'))
    super('query', 'stop', text, next, cause)
    this.text = text
  }
}

/** A signal ended the run. What was committed is kept. */
export class Interrupted extends SyncError {
  constructor() {
    super('interrupted', 'stop', 'The run was interrupted.', 'Run again: the next run resumes after the last commit.')
  }
}

/** What went wrong, and what to do next. */
export interface Problem {
  readonly code: string
  readonly message: string
  readonly next: string
}
