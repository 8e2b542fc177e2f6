import { ConfigError } from '../../common/errors.ts'
import { below, lines, type Printable, paragraphs } from '../../common/printable.ts'
import { type Forgot, forget, type Who } from '../../jobs/forget.ts'
import type { App } from '../app.ts'
import { eraseInReports } from '../erase-in-reports.ts'
import { type Look, prose } from '../look.ts'
import { problemText, readCopyText } from '../report.ts'
import { textTable } from '../text-table.ts'
import type { Result } from './result.ts'

export interface ForgetFlags {
  readonly customer: string | null
  readonly email: string | null
  readonly dryRun: boolean
}

/**
 * Erases what is personal of a customer in the warehouse and in the reports on this machine, and marks the customer, so that no
 * later run brings it back. Exit 1 if nothing of the person is there, or if something could not be done.
 * @throws {ConfigError} unless exactly one of id and address is given.
 */
export async function forgetPerson(app: App, flags: ForgetFlags, signal: AbortSignal): Promise<Result> {
  const who = whoOf(flags)
  const { dryRun } = flags
  await using destination = await app.open(dryRun ? 'read' : 'write')
  if (!dryRun) await destination.acquireLock(app.run)
  const eraseInFiles = eraseInReports(app.runsDirectory, !dryRun)
  const forgot = await forget(who, { ...app, destination, dryRun, eraseInFiles }, signal)
  const { outcome, customers, rows, files, rewritten, remains, problems, copy } = forgot
  const isDone = outcome !== 'unknown' && problems.length === 0 && !copy?.problem
  return {
    code: isDone ? 0 : 1,
    json: {
      outcome,
      dry_run: dryRun,
      customers,
      tables: Object.fromEntries(rows.map(found => [found.table, found.rows])),
      reports: files,
      rewritten,
      remains,
      problems,
      ...(copy && { read_copy: copy }),
    },
    text: textOf(forgot, who, dryRun, app.look),
  }
}

/** @throws {ConfigError} */
function whoOf({ customer, email }: ForgetFlags): Who {
  const refuse = (path: string, message: string): never => {
    throw new ConfigError('the command line', [{ path, line: null, message }])
  }
  if (customer !== null && email !== null) return refuse('forget', 'give --customer or --email, not both')
  if (customer !== null)
    return /^\d{1,19}$/.test(customer)
      ? { customer: BigInt(customer).toString() }
      : refuse('--customer', 'give the id of the customer in Recharge, a whole number')
  if (email === null) return refuse('forget', 'give --customer with an id, or --email with an address')
  return /^\S+@\S+$/.test(email.trim())
    ? { email: email.trim() }
    : refuse('--email', 'give an email address, such as somebody@example.com')
}

function textOf(forgot: Forgot, who: Who, dryRun: boolean, look: Look): Printable {
  const { outcome, customers, rows, files, rewritten, remains, problems, copy } = forgot
  if (outcome === 'unknown')
    return below(
      prose(
        look,
        '',
        `Nothing in the warehouse belongs to ${'customer' in who ? `customer ${who.customer}` : 'a customer with this address'}. Nothing was erased or marked.`,
      ),
      prose(
        look,
        '  ',
        'Check the id in the merchant portal. Somebody whom only the record of another customer names, such as the recipient of a gift, is erased with that customer.',
      ),
    )
  const names = customers.length === 1 ? 'Customer' : 'Customers'
  const of = customers.length === 0 ? 'Records with this address' : `${names} ${customers.join(', ')}`
  const table = textTable(
    ['table', 'rows'],
    rows.map(found => [found.table, found.rows]),
  )
  const head =
    outcome === 'known'
      ? `${of}: forgotten before, and nothing personal is left.`
      : dryRun
        ? `${of}: this would be erased. Nothing was written.`
        : `${of}: forgotten. What arrives of them from now on is stored without what is personal.`
  return paragraphs(
    prose(look, '', head),
    ...(rows.length > 0 ? [table] : []),
    ...(files.length > 0
      ? [lines(`Reports of runs with texts of the person: ${files.length}`, ...files.map(file => `  ${file}`))]
      : []),
    ...(rewritten.length > 0
      ? [prose(look, '', `Written anew, so that no old bytes are left in their files: ${rewritten.length} tables`)]
      : []),
    ...problems.map(problem => problemText(problem, '', look, 'bad')),
    ...readCopyText(copy, look),
    prose(
      look,
      '',
      ...remains,
      'Not reached: backups, replicas and the write-ahead log of the database, files that were exported, and what was printed or sent and kept elsewhere, such as the mail of cron.',
    ),
  )
}
