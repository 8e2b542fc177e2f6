import { DestinationError, type DestinationProblem } from '../../common/errors.ts'
import { constraintError } from './constraint-error.ts'

/** What went wrong, by SQLSTATE; a class of two characters stands for all its members. */
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
  // A standby refuses writes after a failover, until the address leads to the primary again.
  '25006': 'unreachable',
  '57014': 'serialisation',
}

const NETWORK = /^(ECONN|ENOTFOUND|EAI_|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)/
const BROKEN =
  /SSL|certificate|self.signed|Connection terminated|Client has encountered a connection error|timeout exceeded when trying to connect/

/** Translates what the driver threw into a `DestinationError`; returns an unknown error as it is. */
export function translate(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof DestinationError) return error
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  // Two runs inserted the first checkpoint of a stream; the other one committed first.
  if (code === '23505' && 'table' in error && error.table === '_sync_checkpoints')
    return new DestinationError('moved', `Postgres: ${error.message}`, error)
  const refused = constraintError(error)
  if (refused !== null) return refused
  const kind = STATES[code] ?? STATES[code.slice(0, 2)]
  if (kind) return new DestinationError(kind, `Postgres: ${error.message}`, error)
  // If a host has an address of each family and both refuse, the driver throws both errors in one without a message.
  const inner = error instanceof AggregateError ? error.errors.map(e => String(e?.message ?? e)).join('; ') : ''
  if (NETWORK.test(code) || BROKEN.test(error.message))
    return new DestinationError('unreachable', `Postgres: ${error.message || inner}`, error)
  return error
}
