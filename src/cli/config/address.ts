import { existsSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { VIEW_SCHEMAS } from '../../schema/view.ts'
import { expandHome } from './home.ts'

/*
 * What is wrong with the address of a destination. Nothing here quotes it: it may hold a password, and where it is written
 * wrongly, it is not known which part of it that is.
 */

/** A scheme, `:memory:`, or nothing at all. A letter before the colon is a drive. */
const NO_FILE = /^\s*$|^:|^[a-z][a-z0-9+.-]+:/i

/** @returns null: it is the path of a file. */
export function duckdbProblem(path: string): string | null {
  if (NO_FILE.test(path))
    return 'should be the path of a file on this machine, such as state/warehouse.duckdb; another database, a server or a bucket cannot be given here (Postgres: use postgres: instead of duckdb:)'
  if (/^~(?!\/)/.test(path)) return 'begins with ~, which stands for your own home only: write ~/ or the whole path'
  return null
}

/** DuckDB calls a file by its name up to the first dot. */
const catalogOf = (path: string): string => (basename(path).split('.')[0] ?? '').toLowerCase()

/** @returns null: DuckDB can tell the file from the schemas of the tables and of the views. */
export function nameProblem(path: string, schema: string): string | null {
  const [taken] = [schema, ...Object.values(VIEW_SCHEMAS).map(ending => schema + ending)].filter(
    name => catalogOf(path) === name,
  )
  if (taken === undefined) return null
  const whose = taken === schema ? 'its schema' : 'a schema of its views'
  return `is named as ${whose}, ${taken}, so that ${taken}.orders could mean a table of either; rename the file (and the one that ends in .wal, if it is there), for example to warehouse.duckdb, or choose another schema`
}

/**
 * @param duckdb the file; null: the destination is a server.
 * @returns null: the file can have this copy.
 */
export function readCopyProblem(duckdb: string | null, copy: string, schema: string): string | null {
  if (duckdb === null) return 'is for DuckDB only: Postgres lets readers in while a run writes, so leave it out'
  const [file, other] = [duckdb, copy].map(path => resolve(expandHome(path)))
  if (other === file || other === `${file}.wal` || other === `${file}.tmp`)
    return 'is a file of the warehouse itself; name another, such as state/read.duckdb'
  return nameProblem(copy, schema)
}

/** Schemas that belong to the database. @returns null: it may be used. */
export function schemaProblem(schema: string): string | null {
  return /^pg_|^information_schema$/.test(schema)
    ? 'is a schema of the database itself; choose another name, such as recharge'
    : null
}

const ENCODE =
  'cannot be read as an address. If the user or the password contains one of / # ? @ : % or a space, percent-encode it: / is %2F, # is %23, ? is %3F, @ is %40, : is %3A, % is %25'

/** @returns null: it can be read in one way only, and the files that it names are there. */
export function postgresProblem(address: string): string | null {
  const rest = address.replace(/^postgres(ql)?:\/\//, '')
  if (rest === address) return null
  const authority = /^[^/?#]*/.exec(rest)?.[0] ?? ''
  const after = rest.slice(authority.length)
  // In a query an @ has a meaning in no other place than a value: `?user=me@tenant`.
  const [path = '', ...query] = after.split('?')
  const strayInQuery = query.length > 1 || /(^|&)[^=&]*@/.test(query.join('?'))
  if (authority.split('@').length > 2 || path.includes('@') || strayInQuery || rest.includes('#')) return ENCODE
  if (/%(?![0-9a-f]{2})/i.test(rest) || /\s/.test(rest)) return ENCODE
  // As the driver does: a socket in the query leaves the host empty.
  const whole = `postgres://${rest.replace(/^([^@/]*)@(?=\/|\?|$)/, '$1@localhost').replace(/^(?=\/|\?|$)/, 'localhost')}`
  if (!URL.canParse(whole)) return ENCODE
  return fileProblem(new URL(whole))
}

/** Parameters that name a file which the driver reads. */
const FILES = ['sslrootcert', 'sslcert', 'sslkey']

function fileProblem({ hostname, searchParams }: URL): string | null {
  for (const name of FILES) {
    const file = searchParams.get(name)
    if (file && !existsSync(file)) return `names the file ${file} as ${name}, and there is no such file`
  }
  const folder = searchParams.get('host') ?? decodeURIComponent(hostname)
  if (folder.startsWith('/') && !existsSync(folder))
    return `names the folder ${folder} for the socket of the server, and there is no such folder`
  return null
}
