import type { Stream } from '../schema/stream.ts'

/** Scopes to read something that is no stream: two were seen in live tokens, one is in a guide of Recharge [client]. */
const OF_NO_STREAM: readonly string[] = ['read_checkouts', 'read_notifications', 'read_payments']

const READ = 'read_'

/** The read scopes of a token whose names this program does not know. Not all names that tokens have are documented. */
export function unknownScopes(scopes: readonly string[], streams: readonly Stream[]): readonly string[] {
  const declared = streams.flatMap(({ scopes, each }) => [...scopes, ...Object.values(each?.values ?? {}).flat()])
  const known = new Set([...OF_NO_STREAM, ...declared])
  return scopes.filter(scope => scope.startsWith(READ) && !known.has(scope))
}

/**
 * Whether a scope may allow to read a stream, judged by its name: it names the stream (`read_gift_purchases_v2`), a larger
 * part of the API (`read_bundles` for bundle_selections) or a smaller one (`read_subscription_notes` for subscriptions).
 * So it has all words of the stream's name, or the other way round.
 */
export function mayGrant(scope: string, { singular }: Stream): boolean {
  const words = scope
    .slice(READ.length)
    .split('_')
    .filter(word => word !== '' && !VERSION.test(word))
  const name = singular.split('_')
  const isPart = words.length > 0 && words.every(word => name.some(one => isFormOf(word, one)))
  return isPart || name.every(one => words.some(word => isFormOf(word, one)))
}

const VERSION = /^v\d+$/

/** Whether the word is the other one, or its plural. */
const isFormOf = (word: string, one: string): boolean =>
  [one, `${one}s`, `${one}es`, one.replace(/y$/, 'ies')].includes(word)
