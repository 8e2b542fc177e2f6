import pg from 'pg'
import { DestinationError } from '../../common/errors.ts'

/**
 * What a user added to our tables refused: a constraint, a trigger, or what depends on them. Null: another error. The
 * detail of such an error may quote a whole record, so it is left out.
 */
export function constraintError(error: Error): DestinationError | null {
  if (!(error instanceof pg.DatabaseError)) return null
  const { code = '', constraint = '', column = '', message } = error
  const table = `${quote(error.schema ?? '')}.${quote(error.table ?? '')}`
  // A second row with the key of a table is no constraint of the user's.
  if (code === '23505' && constraint === `${error.table}_pkey`) return null
  const dropIt = `or drop it: alter table ${table} drop constraint ${quote(constraint)};`
  const refused = (what: string, next: string): DestinationError =>
    new DestinationError('constraint', `Postgres: ${what}: ${message}`, error, `${next} Then run again.`)
  if (code === '23503')
    return /^(update or )?delete on table/.test(message)
      ? refused(
          `the foreign key ${constraint} on ${table} refers to rows that are written again`,
          `They are deleted and inserted in one transaction. Let the foreign key be checked at its end: alter table ${table} alter constraint ${quote(constraint)} deferrable initially deferred;`,
        )
      : refused(
          `the foreign key ${constraint} on ${table} wants a row that may be loaded later`,
          `Streams are read side by side, and a record may come before the one that it names. Drop the foreign key: alter table ${table} drop constraint ${quote(constraint)};`,
        )
  if (code === '23502')
    return refused(
      `the column ${column} of ${table} is not null, and is not one that recharge-sync fills`,
      `Give it a default, or let it be null: alter table ${table} alter column ${quote(column)} drop not null;`,
    )
  if (code === '23505')
    return refused(
      `the unique index ${constraint} on ${table} allows no second row`,
      `Recharge does not keep such values apart. Make the index not unique, drop it (drop index ${quote(error.schema ?? '')}.${quote(constraint)};), ${dropIt}`,
    )
  if (code.startsWith('23'))
    return refused(`the constraint ${constraint} on ${table} refuses a record`, `Correct it, ${dropIt}`)
  if (code.startsWith('P0'))
    return refused(
      `a trigger refuses a record (${error.where?.split('\n')[0] ?? 'it does not say where'})`,
      'Change its function, or turn it off: alter table … disable trigger …;',
    )
  if (code === '2BP01' || (code === '0A000' && /view|rule/.test(message)))
    return refused(
      'something depends on a table that has to change',
      'Drop it, and create it again after the next run.',
    )
  return null
}

const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`
