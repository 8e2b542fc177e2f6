import pg from 'pg'
import { DestinationError } from '../../common/errors.ts'

/** What messages may say of a destination: everything in its address but the password. */
export interface Target {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly database: string
  readonly schema: string
}

export interface Connection {
  readonly options: pg.ClientConfig
  readonly target: Target
}

const BAD = 'Percent-encode the password in the address: / is %2F, # is %23, ? is %3F, @ is %40, : is %3A, % is %25.'

/** @throws {DestinationError} `bad_address` or `file_missing`; the message contains no part of the address but a file's path. */
export function connectionTo(url: string, schema: string): Connection {
  if (!isClear(url))
    throw new DestinationError('bad_address', 'the address of the Postgres database cannot be read', undefined, BAD)
  const options: pg.ClientConfig = {
    connectionString: strictTls(url),
    application_name: 'recharge-sync',
    // So that a server that vanishes without closing the connection is noticed.
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    connectionTimeoutMillis: 15_000,
  }
  try {
    const { host, port, user = '', database = '' } = new pg.Client(options)
    return { options, target: { host, port, user, database, schema } }
  } catch (error) {
    // The driver reads the files that the address names, and decodes its parts.
    if (error instanceof Error && 'path' in error && typeof error.path === 'string')
      throw new DestinationError('file_missing', `${error.path}, named in the address, cannot be read`, error)
    throw new DestinationError('bad_address', 'the address of the Postgres database cannot be read', undefined, BAD)
  }
}

/** Whether host, database and password are where they should be. An @ later on means that the password ended too early. */
function isClear(url: string): boolean {
  // A socket's folder may stand in place of the host; a URL must have one.
  const whole = url.replace(/@\//, '@socket/').replace(/^(\w+:\/\/)\//, '$1socket/')
  if (!URL.canParse(whole)) return false
  const { pathname, search, hash } = new URL(whole)
  return !`${pathname}${search}`.includes('@') && hash === ''
}

/**
 * The driver takes these modes for verify-full and warns of it in every run. They stay that: to encrypt without checking
 * who answers is no protection, and needs its own word, no-verify.
 */
const strictTls = (url: string): string =>
  /[?&]uselibpqcompat=true(&|$)/.test(url)
    ? url
    : url.replace(/([?&]sslmode=)(?:prefer|require|verify-ca)(?=&|$)/, '$1verify-full')
