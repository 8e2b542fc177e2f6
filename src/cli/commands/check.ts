import { SyncError } from '../../common/errors.ts'
import { accessOf, readableBy, writeScopes } from '../../extract/scopes.ts'
import type { TokenInformation } from '../../extract/source.ts'
import { problemOf, StreamStats } from '../../pipeline/stream-stats.ts'
import { allTables } from '../../schema/table.ts'
import type { App, Selection } from '../app.ts'
import type { Result } from './result.ts'

interface Finding {
  readonly what: string
  readonly state: 'ok' | 'warning' | 'problem'
  readonly message: string
  readonly next: string | null
}

/** Checks configuration, token, scopes and destination, and says what to do about each problem. Writes nothing. */
export async function check(app: App, { streams, explicit }: Selection, signal: AbortSignal): Promise<Result> {
  const findings: Finding[] = [{ what: 'configuration', state: 'ok', message: app.config.file, next: null }]
  const attempt = async (what: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work()
    } catch (error) {
      const problem = problemOf(error)
      if (!problem) throw error
      findings.push({ what, state: 'problem', message: problem.message, next: problem.next })
      if (error instanceof SyncError && error.code === 'interrupted') throw error
    }
  }
  await attempt('token', async () => {
    const token = await app.source.token(new StreamStats('token_information').requestStats, signal)
    findings.push({
      what: 'token',
      state: 'ok',
      message: `${token.name ?? 'accepted'}, API version 2021-11`,
      next: null,
    })
    const { bucket, perSecond } = app.source.tier
    findings.push({
      what: 'rate',
      state: 'ok',
      message: `${perSecond} requests a second, in bursts of up to ${bucket}`,
      next: null,
    })
    findings.push(...scopeFindings(token, streams, explicit))
  })
  await attempt('destination', async () => {
    await using destination = await app.open('read')
    const changes = await destination.plan(streams.flatMap(allTables))
    await destination.checkAccess()
    const message = changes.length === 0 ? 'ready' : `reachable; the next sync runs ${changes.length} DDL statements`
    findings.push({ what: 'destination', state: 'ok', message, next: null })
  })
  const failed = findings.some(({ what, state }) => state === 'problem' && what !== 'scope')
  const lacksScope = findings.some(({ what, state }) => state === 'problem' && what === 'scope')
  return { code: failed ? 3 : lacksScope ? 1 : 0, json: { findings }, text: findings.map(line).join('\n') }
}

function scopeFindings(
  token: TokenInformation,
  streams: Selection['streams'],
  explicit: ReadonlySet<string>,
): Finding[] {
  if (token.scopes === null)
    return [{ what: 'scope', state: 'warning', message: 'the API does not list the scopes of the token', next: null }]
  const missingScopes = streams.flatMap(stream => {
    const { granted, missing } = accessOf(stream, readableBy(token))
    if (missing.length === 0) return []
    const state = !granted && explicit.has(stream.name) ? ('problem' as const) : ('warning' as const)
    const message = `${stream.name} ${granted ? 'is read in part' : 'is skipped'}: the token lacks ${missing.join(', ')}`
    return [{ what: 'scope', state, message, next: 'Add the scope in the merchant portal (Apps > API tokens).' }]
  })
  const writes = writeScopes(token)
  const canWrite: Finding = {
    what: 'scope',
    state: 'warning',
    message: `the token may change the store: ${writes.join(', ')}`,
    next: 'This program only reads. Use a token without write scopes: it does less harm if it leaks.',
  }
  return [...missingScopes, ...(writes.length > 0 ? [canWrite] : [])]
}

const MARK = { ok: 'ok      ', warning: 'warning ', problem: 'PROBLEM ' } as const

const line = ({ what, state, message, next }: Finding): string =>
  `${MARK[state]} ${what}: ${message}${next === null ? '' : `\n          ${next}`}`
