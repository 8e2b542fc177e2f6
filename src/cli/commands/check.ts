import { SyncError } from '../../common/errors.ts'
import type { Instant } from '../../common/model.ts'
import { below, beside, lines, type Printable, rest } from '../../common/printable.ts'
import type { RateReport } from '../../common/run-report.ts'
import { accessOf, isTried, readableBy, type TokenInformation, writeScopes } from '../../extract/scopes.ts'
import { identifyStore, named } from '../../jobs/identify-store.ts'
import { beginWithLearntRate } from '../../jobs/learnt-rate.ts'
import type { Inspection } from '../../load/inspection.ts'
import { isInFuture, watermarkInFuture } from '../../pipeline/checkpoint.ts'
import { problemOf, StreamStats } from '../../pipeline/stream-stats.ts'
import { allTables } from '../../schema/table.ts'
import type { App, Selection } from '../app.ts'
import { type Look, prose } from '../look.ts'
import { PORTAL, type ScopeToAdd, scopeList, scopesToAdd } from '../missing-scopes.ts'
import { tryTargets } from '../notify/try-targets.ts'
import { second } from '../runs.ts'
import { openFiles } from './check-files.ts'
import { fromText } from './plan.ts'
import type { Result } from './result.ts'

interface Finding {
  readonly what: string
  readonly state: 'ok' | 'warning' | 'problem'
  readonly message: string
  readonly next: string | null
  /** Of a problem that a run would stop with. */
  readonly code?: string
  /** The text has all scopes that are missing as one list. */
  readonly isListed?: true
}

/** Findings about one stream, or about those who are told: the others can be synced all the same. */
const OF_ONE_STREAM: ReadonlySet<string> = new Set(['scope', 'stream', 'notify'])

/** Checks configuration, token, scopes and destination, and says what to do about each problem. Writes nothing. */
export async function check(app: App, { streams, explicit }: Selection, signal: AbortSignal): Promise<Result> {
  const findings: Finding[] = [{ what: 'configuration', state: 'ok', message: app.config.file, next: null }]
  for (const name of app.config.unread ?? [])
    findings.push({
      what: 'configuration',
      state: 'warning',
      message: `${name} is set, and not read: there is a file, and it does not name the variable`,
      next: `Write \${${name}} into the file where it belongs, or move the file away: then variables say everything.`,
    })
  for (const name of app.config.overridden ?? [])
    findings.push({
      what: 'configuration',
      state: 'ok',
      message: `${name} is taken from the environment of this process, which counts before the file that env_file names`,
      next: null,
    })
  if (app.proxy !== null)
    findings.push({ what: 'proxy', state: 'ok', message: `requests go through ${app.proxy}`, next: null })
  for (const open of openFiles(app)) findings.push({ what: 'files', state: 'warning', ...open })
  const attempt = async (what: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work()
    } catch (error) {
      const problem = problemOf(error)
      if (!problem) throw error
      findings.push({ what, state: 'problem', ...problem })
      if (error instanceof SyncError && error.code === 'interrupted') throw error
    }
  }
  const { requestStats } = new StreamStats('token_information')
  let information: TokenInformation | null = null
  /** Where the rate is told, once the warehouse has said what an earlier run has learnt; null: it is not. */
  let rateAt: number | null = null
  await attempt('token', async () => {
    const token = await app.source.token(requestStats, signal)
    information = token
    findings.push({
      what: 'token',
      state: 'ok',
      message: `${token.name ?? 'accepted'}, API version 2021-11`,
      next: null,
    })
    rateAt = findings.length
    findings.push(...scopeFindings(token, streams, explicit))
    information = token
  })
  await attempt('destination', async () => {
    await using destination = await app.open('read')
    const tables = streams.flatMap(allTables)
    // First: it says within seconds that a server does not answer.
    for (const note of await destination.checkAccess(tables))
      findings.push({ what: 'destination', state: 'ok', message: note, next: null })
    const changes = await destination.plan(tables)
    await attempt('store', async () => {
      if (information === null) return
      const { store } = await identifyStore(
        { ...app, declared: app.streams, destination, information, requestStats },
        signal,
      )
      findings.push({ what: 'store', state: 'ok', message: named(store), next: null })
      if (await destination.loadSalt()) await beginWithLearntRate({ ...app, destination })
    })
    const message = changes.length === 0 ? 'ready' : `reachable; the next sync runs ${changes.length} DDL statements`
    findings.push({ what: 'destination', state: 'ok', message, next: null })
    for (const [stream, { message, next }] of await destination.refusedMigrations(streams))
      findings.push({ what: 'stream', state: 'problem', message: `${stream}: ${message}`, next })
    findings.push(...(await streamFindings(destination, information, streams, app.now())))
  })
  if (rateAt !== null) findings.splice(rateAt, 0, rateFinding(app.source.rate))
  for (const { code, next, ...tried } of await tryTargets(app))
    findings.push({ what: 'notify', ...tried, ...(tried.state === 'ok' ? { next: null } : { next, code }) })
  const problems = findings.filter(({ state }) => state === 'problem')
  const { look } = app
  const listed = findings.filter(({ isListed }) => isListed)
  const toAdd = information === null ? [] : scopesToAdd(lacking(streams, information), readableBy(information))
  const nothingRuns = problems.some(({ what }) => !OF_ONE_STREAM.has(what))
  return {
    code: nothingRuns ? 3 : problems.length > 0 ? 1 : 0,
    json: { findings: findings.map(({ isListed: _, ...finding }) => finding), scopes_to_add: toAdd },
    text: below(
      ...findings.flatMap(finding => {
        if (!finding.isListed) return [textOf(finding, look)]
        return finding === listed[0] ? [listText(listed, toAdd, look)] : []
      }),
    ),
  }
}

const rateFinding = ({ bucket, per_second, from }: RateReport): Finding => ({
  what: 'rate',
  state: 'ok',
  message: `${per_second} requests a second${fromText(from)}, in bursts of up to ${bucket}`,
  next: null,
})

function scopeFindings(
  token: TokenInformation,
  streams: Selection['streams'],
  explicit: ReadonlySet<string>,
): Finding[] {
  if (token.scopes === null)
    return [{ what: 'scope', state: 'warning', message: 'the API does not list the scopes of the token', next: null }]
  const missingScopes = streams.flatMap((stream): Finding[] => {
    const { granted, missing, perhaps } = accessOf(stream, token)
    if (missing.length === 0) return []
    const lacks = `the token lacks ${missing.join(', ')}`
    if (perhaps.length > 0)
      return [
        {
          what: 'scope',
          state: 'warning' as const,
          message: `${stream.name} is tried: ${lacks}, and ${perhaps.join(' or ')} may mean the same`,
          next: 'If Recharge refuses the stream, it is skipped. Then add the scope in the merchant portal (Apps > API tokens).',
        },
      ]
    const state = !granted && explicit.has(stream.name) ? ('problem' as const) : ('warning' as const)
    const message = `${stream.name} ${granted ? 'is read in part' : 'is skipped'}: ${lacks}`
    return [{ what: 'scope', state, message, next: `Add the scope ${PORTAL}.`, isListed: true }]
  })
  const writes = writeScopes(token)
  const canWrite: Finding = {
    what: 'scope',
    state: 'warning',
    message: `the token may change the store: ${writes.join(', ')}`,
    next: 'This program only reads. Use a token without write scopes: it does less harm if it leaks.',
  }
  const canNothing = streams.length > 0 && !streams.some(stream => isTried(accessOf(stream, token)))
  const nothing: Finding = {
    what: 'token',
    state: 'problem',
    message: 'the token has the scope of none of the selected streams',
    next: 'Add read scopes in the merchant portal (Apps > API tokens).',
  }
  return [...(canNothing ? [nothing] : []), ...missingScopes, ...(writes.length > 0 ? [canWrite] : [])]
}

/** What is wrong with streams that were read before. @param token null: it was not accepted. */
async function streamFindings(
  destination: Inspection,
  token: TokenInformation | null,
  streams: Selection['streams'],
  now: Instant,
): Promise<Finding[]> {
  const findings: Finding[] = []
  const add = (message: string, next: string): void => {
    findings.push({ what: 'stream', state: 'problem', message, next })
  }
  for (const stream of streams) {
    const watermark = await destination.watermark(stream.name)
    if (watermark === null) continue
    const { name } = stream
    if (isInFuture(watermark, now)) {
      const { message, next } = watermarkInFuture(name, watermark, now)
      add(message, next)
    }
    const access = token?.scopes ? accessOf(stream, token) : null
    if (access !== null && !isTried(access))
      add(
        `${name} was read to ${second(watermark)} and no longer can be: the token lacks ${access.missing.join(', ')}`,
        'Add the scope in the merchant portal (Apps > API tokens), or leave the stream out.',
      )
  }
  return findings
}

/** Streams that are skipped or read in part, because the token lacks a scope. */
const lacking = (streams: Selection['streams'], token: TokenInformation): Selection['streams'] =>
  streams.filter(stream => {
    const { missing, perhaps } = accessOf(stream, token)
    return missing.length > 0 && perhaps.length === 0
  })

const MARK = { ok: 'ok      ', warning: 'warning ', problem: 'PROBLEM ' } as const
const STYLE = { ok: 'good', warning: 'doubtful', problem: 'bad' } as const
const INDENT = ' '.repeat(10)

const marked = (state: Finding['state'], text: string, look: Look): Printable => {
  const mark = lines(MARK[state])
  // The mark takes the place of its indent.
  const wrapped = prose(look, ' '.repeat(mark.length + 1), text)
  return beside(look.paint(STYLE[state], mark), rest(wrapped, mark.length))
}

const textOf = ({ what, state, message, next }: Finding, look: Look): Printable =>
  below(
    marked(state, `${what}: ${message}`, look),
    ...(next === null ? [] : [look.paint('aside', prose(look, INDENT, next))]),
  )

/** All scopes that are missing, to be ticked one after the other. */
function listText(listed: readonly Finding[], toAdd: readonly ScopeToAdd[], look: Look): Printable {
  const state = listed.some(finding => finding.state === 'problem') ? 'problem' : 'warning'
  const count = listed.length === 1 ? '1 stream is' : `${listed.length} streams are`
  const what = `scope: ${count} skipped, or read in part, because the token lacks a scope. Tick these ${PORTAL}:`
  return below(marked(state, what, look), scopeList(toAdd, look, INDENT))
}
