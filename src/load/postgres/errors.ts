import { DestinationError, type DestinationProblem } from '../../common/errors.ts'
import type { Target } from './connection.ts'
import { constraintError } from './constraint-error.ts'

/** What went wrong, by SQLSTATE; a class of two characters stands for all its members. */
const STATES: Readonly<Record<string, DestinationProblem>> = {
  '08': 'unreachable',
  '57P01': 'unreachable',
  '57P02': 'unreachable',
  '57P03': 'unreachable',
  '57P05': 'unreachable',
  '25P03': 'unreachable',
  '53300': 'unreachable',
  '40001': 'serialisation',
  '40P01': 'serialisation',
  '55P03': 'serialisation',
  '28P01': 'wrong_password',
  '28': 'not_admitted',
  '42501': 'denied',
  '3D000': 'unknown_database',
  '53100': 'full',
  '53': 'unreachable',
  '57014': 'serialisation',
}

interface Found {
  readonly kind: DestinationProblem
  readonly message?: string
  readonly next?: string
}

/** A pooler answers with one SQLSTATE, 08P01, whatever is wrong; some words of its messages say what it is. */
const POOLER: readonly (readonly [RegExp, DestinationProblem])[] = [
  [/no such database|database .* does not exist/i, 'unknown_database'],
  [/no such user|role .* does not exist|authentication failed|auth failed/i, 'wrong_password'],
  [/startup parameter/i, 'bad_address'],
]

/** Translates what the driver threw into a `DestinationError`; returns an unknown error as it is. */
export function translate(error: unknown, target: Target): unknown {
  if (!(error instanceof Error) || error instanceof DestinationError) return error
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  // Two runs inserted the first checkpoint of a stream; the other one committed first.
  if (code === '23505' && 'table' in error && error.table === '_sync_checkpoints')
    return new DestinationError('moved', `Postgres: ${error.message}`, error)
  const refused = constraintError(error)
  if (refused !== null) return refused
  const found = byState(code, error.message, target) ?? byNetwork(error, code, target) ?? byTls(error, code, target)
  return found
    ? new DestinationError(found.kind, `Postgres: ${found.message ?? error.message}`, error, found.next)
    : error
}

/** What the server said. */
function byState(code: string, message: string, target: Target): Found | null {
  const { user, database, host } = target
  if (code === '57014' && /statement timeout/.test(message))
    return {
      kind: 'statement_timeout',
      next: `Give the role more time: alter role "${user}" set statement_timeout = 0;`,
    }
  if (code === '42501' && /temporary tables/.test(message)) return { kind: 'no_temp', next: grantTemp(target) }
  if (code === '42501' && /for schema/.test(message)) return { kind: 'denied', next: grantCreate(target) }
  if (code === '42501' && /for database/.test(message)) return { kind: 'denied', next: grantSchema(target) }
  // A table that this user may not see seemed to be missing, and is there.
  if (code === '42P07' || (code === '42501' && /for (table|view|relation|sequence)/.test(message)))
    return { kind: 'denied', next: grantTables(target) }
  if (code === '42501' && /must be owner/.test(message))
    return {
      kind: 'denied',
      next: `Only the owner of a table can add columns and indexes to it. Run as the owner: alter table … owner to ${quote(user)};`,
    }
  if (code === '28000' && /role .* does not exist/.test(message))
    return {
      kind: 'unknown_role',
      next: `Correct the user in the address, or run: create role "${user}" login password '…';`,
    }
  if (code === '28P01')
    return { kind: 'wrong_password', message: `${message}; the server says the same if there is no such role` }
  if (code === '3D000')
    return {
      kind: 'unknown_database',
      next: `Correct the name in the address, or run: create database "${database}" encoding 'UTF8' template template0;`,
    }
  if (code === '28000' && /no encryption|SSL off/.test(message))
    return {
      kind: 'not_admitted',
      next: 'Allow this user and this machine in pg_hba.conf. If it allows them with TLS only, add sslmode=verify-full to the address.',
    }
  // Retried: a standby refuses writes after a failover, until the address leads to the primary again.
  if (code === '25006')
    return { kind: 'read_only', message: `${message}; ${host} is a standby, or the role or the database is read-only` }
  if (code === '08P01') {
    const pooled = POOLER.find(([words]) => words.test(message))
    if (pooled) return { kind: pooled[1] }
  }
  const kind = STATES[code] ?? STATES[code.slice(0, 2)]
  return kind ? { kind } : null
}

/** Classes of SQLSTATE: a feature that is not supported, a value, a constraint, a dependent, a name or type. */
const REFUSAL = /^(0A|22|23|2B|42|55006)/

/** Whether an error of DDL lies in what is in the schema, and not in the rights of this user. */
export const isRefusal = (error: Error): boolean =>
  'code' in error && typeof error.code === 'string' && REFUSAL.test(error.code) && error.code !== '42501'

const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`

/* What grants a right that is missing. */
export const grantTemp = ({ user, database }: Target): string =>
  `Run as the owner: grant temporary on database ${quote(database)} to ${quote(user)};`
export const grantSchema = ({ user, schema }: Target): string =>
  `Run as an administrator: create schema ${quote(schema)} authorization ${quote(user)};`
export const grantCreate = ({ user, schema }: Target): string =>
  `Run as the owner: grant usage, create on schema ${quote(schema)} to ${quote(user)};`
export const grantTables = ({ user, schema }: Target): string =>
  `Run as the owner: grant select, insert, update, delete on all tables in schema ${quote(schema)} to ${quote(user)};`

const NETWORK = /^(ECONN|EAI_|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)/
const BROKEN = /Connection terminated|Client has encountered a connection error/
const SILENT = /timeout exceeded when trying to connect|timeout expired|connection timeout|Query read timeout/

/** No connection, or a broken one. The address is written here, and not as the driver quotes it. */
function byNetwork(error: Error, code: string, { host, port, user }: Target): Found | null {
  const at = host.startsWith('/') ? `the socket ${host}/.s.PGSQL.${port}` : `${host} port ${port}`
  if (code === 'ENOENT' && 'syscall' in error && error.syscall === 'connect')
    return { kind: 'no_socket', message: `there is no socket ${host}/.s.PGSQL.${port}` }
  // If a host has an address of each family and both refuse, the driver throws both errors in one.
  const codes = error instanceof AggregateError ? error.errors.map(e => String(e?.code ?? '')) : [code]
  if (codes.includes('ECONNREFUSED')) return { kind: 'connection_refused', message: `nothing listens at ${at}` }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return { kind: 'host_not_found', message: `the name of the host ${host} cannot be resolved` }
  if (code === 'ETIMEDOUT' || SILENT.test(error.message)) return { kind: 'no_answer', message: `${at} does not answer` }
  if (/password must be a(?: non-empty)? string/.test(error.message))
    return {
      kind: 'wrong_password',
      message: `the server asks for the password of "${user}", and the address has none`,
    }
  if (codes.some(each => NETWORK.test(each)) || BROKEN.test(error.message))
    return { kind: 'unreachable', message: `the connection to ${at} broke (${code || error.message})` }
  return null
}

const UNKNOWN_AUTHORITY = /^(SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_|CERT_UNTRUSTED)/

function byTls(error: Error, code: string, { host }: Target): Found | null {
  if (/does not support SSL/.test(error.message))
    return { kind: 'no_tls', message: `${host} does not speak TLS, and the address asks for it by sslmode` }
  if (UNKNOWN_AUTHORITY.test(code))
    return {
      kind: 'certificate',
      message: `the certificate of ${host} is signed by an authority that this machine does not know (${code})`,
      next: 'Name the certificate of that authority in the address: sslmode=verify-full&sslrootcert=FILE. Without a file, sslmode=no-verify encrypts and does not check who answers.',
    }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return {
      kind: 'certificate',
      message: `the certificate is not for ${host}: ${error.message}`,
      next: 'Use the name in the certificate as host. If it has none that resolves: uselibpqcompat=true&sslmode=verify-ca&sslrootcert=FILE checks only who signed it.',
    }
  if (/^CERT_|^ERR_TLS_/.test(code))
    return {
      kind: 'certificate',
      message: `the certificate of ${host} is not valid: ${error.message}`,
      next: 'Renew the certificate of the server, and check the clock of this machine.',
    }
  if (/^ERR_SSL_|^EPROTO$|^ERR_OSSL/.test(code) || /SSL|certificate/.test(error.message))
    return { kind: 'no_tls', message: `no TLS connection to ${host}: ${error.message}` }
  return null
}
