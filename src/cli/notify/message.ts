import type { Instant, RunId } from '../../common/model.ts'
import { VERSION } from '../../common/version.ts'
import { second } from '../runs.ts'
import { type Condition, nameOf } from './condition.ts'

/** `failure`: something that was not told before is wrong. `still_failing`: nothing but what was told. `success`: as before, nothing is wrong. */
export type Event = 'failure' | 'still_failing' | 'recovery' | 'success'

/** What is told: the body of a ping and of a webhook, and the stdin of a command. */
export interface Message {
  readonly event: Event
  readonly command: string
  readonly run: RunId | null
  readonly at: Instant
  /** Of the command that tells it; null: it did not come to its end. */
  readonly exit_code: number | null
  /** The warehouse, without user and password. */
  readonly destination: string
  /** Its name in a fleet; null: the store stands alone. */
  readonly store: string | null
  readonly version: string
  /** All that is wrong, what was told before too. */
  readonly problems: readonly (Condition & { readonly is_new: boolean })[]
  /** What was told and is not wrong any more. */
  readonly recovered: readonly string[]
  /** What `--json` prints. */
  readonly report: unknown
}

/** @param told names of the conditions that the receiver was told. */
export const messageOf = (
  ended: Omit<Message, 'event' | 'version' | 'problems' | 'recovered'>,
  event: Event,
  open: readonly Condition[],
  told: readonly string[],
): Message => {
  const { report, ...rest } = ended
  const names = open.map(nameOf)
  return {
    event,
    ...rest,
    version: VERSION,
    problems: open.map(condition => ({ ...condition, is_new: !told.includes(nameOf(condition)) })),
    recovered: told.filter(name => !names.includes(name)),
    // Last, because it is long.
    report,
  }
}

/** Problems that a message for people lists. */
const MOST = 15

const TITLES: Readonly<Record<Event, string>> = {
  failure: ':red_circle: recharge-sync: something is wrong',
  still_failing: ':red_circle: recharge-sync: still wrong',
  recovery: ':large_green_circle: recharge-sync: all is well again',
  success: ':large_green_circle: recharge-sync: all is well',
}

/** Slack reads three characters as its own [documented]. */
const escaped = (text: string): string => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')

/** The message as Slack takes it. Streams with the same problem are one line. */
export function slackText({ event, command, destination, store, run, at, problems, recovered }: Message): string {
  const groups = new Map<string, { readonly first: Condition; readonly streams: string[] }>()
  for (const problem of problems) {
    const which = JSON.stringify([problem.about, problem.code, problem.next.replaceAll(problem.stream ?? '', '')])
    const group = groups.get(which) ?? { first: problem, streams: [] }
    if (problem.stream !== null) group.streams.push(problem.stream)
    groups.set(which, group)
  }
  const lines = [...groups.values()]
    .slice(0, MOST)
    .flatMap(({ first, streams }) => [
      `• ${streams.length > 0 ? `*${streams.join(', ')}*: ` : ''}${escaped(first.message)} (\`${first.code}\`, since ${second(first.since)})`,
      `    ${escaped(first.next)}`,
    ])
  const left = groups.size - MOST
  return [
    `*${TITLES[event]}${store === null ? '' : `: ${store}`}*`,
    ...lines,
    ...(left > 0 ? [`• and ${left} more`] : []),
    ...(event === 'recovery' && recovered.length > 0 ? [`No longer wrong: ${recovered.length}`] : []),
    `_${escaped(command)} at ${second(at)}, ${escaped(destination)}${run === null ? '' : `, run ${run}`}_`,
  ].join('\n')
}
