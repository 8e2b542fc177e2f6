import { stringifyExact } from '../common/exact-json.ts'
import type { Stream } from '../schema/stream.ts'
import { isObject } from './type-mismatch.ts'

/** What `extract` needs to know of a record. */
export interface Identity {
  /** The parts of the key as the API wrote them, separated by commas; a part that is absent or null is empty. */
  readonly key: string
  /** The cursor was sent with an offset from UTC; true if there is no cursor. */
  readonly zoned: boolean
}

const OFFSET = /(?:Z|[+-]\d{2}:?\d{2})$/

/** Whether a timestamp has an offset from UTC. */
export const hasOffset = (time: string): boolean => time.endsWith('Z') || OFFSET.test(time)

/** Makes the function that reads the identity of a stream's records. */
export function identityReader({ key, sync, columns }: Stream): (record: unknown) => Identity {
  const stepsOf = (name: string): readonly string[] => (columns[name]?.from ?? name).split('.')
  const parts = key.map(stepsOf)
  const cursor = sync.mode === 'incremental' ? stepsOf(sync.cursor) : null
  return record => {
    const time = cursor === null ? null : memberAt(record, cursor)
    return {
      key: parts.map(steps => textOf(memberAt(record, steps))).join(),
      zoned: typeof time !== 'string' || hasOffset(time),
    }
  }
}

function memberAt(record: unknown, steps: readonly string[]): unknown {
  let value = record
  for (const name of steps) value = isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
  return value
}

/** A number, or what else the API may send for a key one day, as JSON. */
const textOf = (value: unknown): string | null =>
  value === undefined || value === null || typeof value === 'string' ? (value ?? null) : stringifyExact(value)
