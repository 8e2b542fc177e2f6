import { accessSync, constants } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'
import type { Problem } from '../../common/errors.ts'
import type { Instant } from '../../common/model.ts'
import { VERSION } from '../../common/version.ts'
import { describeDestination } from '../../load/open.ts'
import type { App } from '../app.ts'
import { second } from '../runs.ts'
import { attempt, refusal, type Service, serviceOf } from './http-target.ts'
import { tryTextfile } from './metrics.ts'
import { readState, stateFile, targetId } from './state.ts'
import { pingAddress } from './targets.ts'

/** What came of trying a target. `warning`: it could not be tried, or not be told the last time. */
export interface Tried extends Problem {
  readonly state: 'ok' | 'warning' | 'problem'
}

/**
 * Tries whom the configuration names, in a way that tells nobody anything:
 *
 * - `ping`: a POST to `/log`, which a check of healthchecks.io notes and which changes nothing [documented];
 * - `webhook`: a document whose event is `check`; for Slack a message without a text, which Slack refuses by name if it
 *   knows the address [documented: `no_text`];
 * - `command`: it is only looked for;
 * - `textfile`: whether its folder can be written to;
 * - `pushgateway`: a GET of `/-/ready` [documented].
 */
export async function tryTargets(app: App): Promise<readonly Tried[]> {
  const { notify, metrics } = app.config
  const found = await Promise.all([
    notify.ping === null ? [] : tryPing(new URL(notify.ping), app),
    notify.webhook === null ? [] : tryWebhook(new URL(notify.webhook.url), notify.webhook.format, app),
    notify.command === null ? [] : tryCommand(notify.command.run, app.config.directory),
    metrics.textfile === null ? [] : ofProblem(tryTextfile(metrics.textfile), `${metrics.textfile} can be replaced`),
    metrics.pushgateway === null ? [] : tryGateway(new URL(metrics.pushgateway), app),
  ])
  return [...found.flat(), ...undelivered(app)]
}

const ok = (message: string): Tried => ({ state: 'ok', code: 'ok', message, next: '' })
const ofProblem = (problem: Problem | null, message: string): Tried[] => [
  problem ? { state: 'problem', ...problem } : ok(message),
]

async function tryPing(url: URL, { proxies }: App): Promise<Tried[]> {
  const service = serviceOf('ping', 'notify.ping', url)
  const body = 'recharge-sync check'
  const { answer, problem } = await attempt(service, pingAddress(url, '/log'), post(body, 'text/plain'), proxies)
  if (problem === null && (answer.status === 404 || answer.status === 405))
    return [
      {
        state: 'warning',
        code: 'not_tried',
        message: `${service.name} does not know the address with /log (${answer.status}), the one request that changes nothing, so it cannot be tried`,
        next: 'Look at notify.ping: a check of healthchecks.io answers there. Another service may not, and hears of the next sync all the same.',
      },
    ]
  return ofProblem(problem ?? refusal(service, answer), `${service.name} answers; a line was added to its log`)
}

async function tryWebhook(url: URL, format: 'json' | 'slack', { proxies, now, config }: App): Promise<Tried[]> {
  const service = serviceOf('webhook', 'notify.webhook.url', url)
  const destination = describeDestination(config.destination).name
  const document = { event: 'check', at: now(), destination, version: VERSION }
  const body = JSON.stringify(format === 'slack' ? {} : document)
  const { answer, problem } = await attempt(service, url, post(body, 'application/json'), proxies)
  const isKnown = format === 'slack' && answer?.status === 400 && /no_text|invalid_payload/.test(answer.excerpt)
  return ofProblem(
    problem ?? (isKnown ? null : refusal(service, answer)),
    format === 'slack'
      ? `${service.name} knows the address; no message was posted`
      : `${service.name} took a document with the event check`,
  )
}

async function tryGateway(url: URL, { proxies }: App): Promise<Tried[]> {
  const service: Service = serviceOf('pushgateway', 'metrics.pushgateway', url)
  const outgoing = { method: 'GET', headers: {}, body: '' } as const
  const { answer, problem } = await attempt(service, pingAddress(url, '/-/ready'), outgoing, proxies)
  return ofProblem(problem ?? refusal(service, answer), `${service.name} is ready`)
}

const post = (body: string, type: string) => ({ method: 'POST', headers: { 'Content-Type': type }, body }) as const

/** It is not run: only its author knows what it does. */
function tryCommand(run: string | readonly string[], folder: string): Tried[] {
  if (typeof run === 'string')
    return [ok('the command is for the shell, and cannot be tried without running it; a run would')]
  const [program = ''] = run
  const paths = program.includes('/')
    ? [resolve(folder, program)]
    : (process.env.PATH ?? '').split(delimiter).map(path => join(path, program))
  if (paths.some(isExecutable)) return [ok(`the command ${program} is there; it was not run`)]
  return [
    {
      state: 'problem',
      code: 'not_started',
      message: `there is no program ${program} that this user may run`,
      next: 'Correct notify.command.run: the program has to be in PATH, or be named by its path.',
    },
  ]
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** What the last run could not tell, of targets that are still in the configuration. */
function undelivered({ config: { notify, file }, runsDirectory }: App): Tried[] {
  if (runsDirectory === null) return []
  const state = readState(stateFile(runsDirectory, file))
  const ids = [
    ...(notify.ping === null ? [] : [targetId('ping', notify.ping)]),
    ...(notify.webhook === null ? [] : [targetId('webhook', notify.webhook.url)]),
    ...(notify.command === null ? [] : [targetId('command', JSON.stringify(notify.command.run))]),
  ]
  return ids.flatMap(id => {
    const last: (Problem & { readonly at: Instant }) | undefined = state.undelivered[id]
    if (last === undefined) return []
    const { code, message, next, at } = last
    return [
      {
        state: 'warning' as const,
        code,
        message: `at ${second(at)} a run could not tell what it had to: ${message}`,
        next,
      },
    ]
  })
}
