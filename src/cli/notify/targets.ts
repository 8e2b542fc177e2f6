import type { Problem } from '../../common/errors.ts'
import type { ProxyOptions } from '../../extract/proxy.ts'
import { runCommandWith } from './command-target.ts'
import { attempt, deliver, serviceOf } from './http-target.ts'
import { type Message, slackText } from './message.ts'
import type { NotifySettings, Occasion } from './settings.ts'
import { targetId } from './state.ts'

/** What is told what happened, and what is remembered of that. */
export interface Target {
  readonly id: string
  /** Its setting, such as `notify.webhook`. */
  readonly setting: string
  readonly on: readonly Occasion[]
  /** Never throws, and ends within seconds. @returns null: it was told. */
  tell(message: Message): Promise<Problem | null>
}

export interface TargetOptions {
  readonly proxies: ProxyOptions | null
  /** The working directory of a command. */
  readonly folder: string
  /** What a command inherits. */
  readonly environment: NodeJS.ProcessEnv
  readonly scrub: (text: string) => string
}

const JSON_TYPE = { 'Content-Type': 'application/json' }

export const bodyOf = (message: Message, scrub: TargetOptions['scrub']): string => scrub(JSON.stringify(message))

/** The webhook and the command of the configuration. */
export function targetsOf({ webhook, command }: NotifySettings, options: TargetOptions): readonly Target[] {
  const { proxies, folder, environment, scrub } = options
  const targets: Target[] = []
  if (webhook) {
    const url = new URL(webhook.url)
    const service = serviceOf('webhook', 'notify.webhook.url', url)
    targets.push({
      id: targetId('webhook', webhook.url),
      setting: 'notify.webhook',
      on: webhook.on,
      tell(message) {
        const body =
          webhook.format === 'slack' ? scrub(JSON.stringify({ text: slackText(message) })) : bodyOf(message, scrub)
        return deliver(service, url, { method: 'POST', headers: JSON_TYPE, body }, proxies)
      },
    })
  }
  if (command)
    targets.push({
      id: targetId('command', JSON.stringify(command.run)),
      setting: 'notify.command',
      on: command.on,
      tell: message => runCommandWith(command, bodyOf(message, scrub), folder, environment),
    })
  return targets
}

/** Requests of one check of a service that expects to hear from each run. */
export interface Ping {
  readonly id: string
  readonly setting: string
  /** Says that a run has begun. The run does not wait for it. */
  start(): void
  /** Says how the run ended. Never throws, and ends within seconds. @returns null: it was told. */
  end(isWell: boolean, body: string): Promise<Problem | null>
}

/** How long the end of a run waits for the answer to its start, in milliseconds. */
const START_MS = 1000

export function pingOf(address: string, proxies: ProxyOptions | null): Ping {
  const url = new URL(address)
  const service = serviceOf('ping', 'notify.ping', url)
  const stop = new AbortController()
  let started: Promise<unknown> = Promise.resolve()
  return {
    id: targetId('ping', address),
    setting: 'notify.ping',
    start() {
      started = attempt(
        service,
        pingAddress(url, '/start'),
        { method: 'POST', headers: {}, body: '' },
        proxies,
        stop.signal,
      )
    },
    async end(isWell, body) {
      // In this order: a start that arrives last would say that a run is at work.
      const timer = setTimeout(() => stop.abort(), START_MS)
      await started
      clearTimeout(timer)
      const to = pingAddress(url, isWell ? '' : '/fail')
      return await deliver(service, to, { method: 'POST', headers: JSON_TYPE, body }, proxies)
    },
  }
}

export function pingAddress(url: URL, ending: string): URL {
  const to = new URL(url)
  to.pathname = `${to.pathname.replace(/\/$/, '')}${ending}`
  return to
}
