import { DestinationError, type DestinationProblem } from '../../common/errors.ts'

/** SQLSTATE by what to do about it; a class of two characters stands for all its members. */
const STATES: Readonly<Record<string, DestinationProblem>> = {
  '08': 'unreachable',
  '57P01': 'unreachable',
  '57P02': 'unreachable',
  '57P03': 'unreachable',
  '53300': 'unreachable',
  '40001': 'serialisation',
  '40P01': 'serialisation',
  '55P03': 'serialisation',
  '28': 'denied',
  '42501': 'denied',
  '3D000': 'denied',
  '53100': 'full',
  '53': 'unreachable',
  // A standby after a failover, until the address leads to the primary again.
  '25006': 'unreachable',
  '57014': 'serialisation',
}

const NETWORK = /^(ECONN|ENOTFOUND|EAI_|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)/
const BROKEN =
  /SSL|certificate|self.signed|Connection terminated|Client has encountered a connection error|timeout exceeded when trying to connect/

/** What the driver threw, as an error that says what to do; unknown ones come back as they are. */
export function translate(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof DestinationError) return error
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  // A second first commit of one stream: the other run was quicker.
  if (code === '23505' && 'table' in error && error.table === '_sync_checkpoints')
    return new DestinationError('moved', `Postgres: ${error.message}`, error)
  const kind = STATES[code] ?? STATES[code.slice(0, 2)]
  if (kind) return new DestinationError(kind, `Postgres: ${error.message}`, error)
  // One address refused for each family: the driver throws them together, without a message of its own.
  const inner = error instanceof AggregateError ? error.errors.map(e => String(e?.message ?? e)).join('; ') : ''
  if (NETWORK.test(code) || BROKEN.test(error.message))
    return new DestinationError('unreachable', `Postgres: ${error.message || inner}`, error)
  return error
}
