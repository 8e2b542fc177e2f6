import type { Stream } from '../schema/stream.ts'
import { isObject } from './type-mismatch.ts'

/** What `extract` tells records apart by, as the API wrote it. */
export interface Identity {
  /** Parts of the key, separated by commas; a part that is absent is empty. */
  readonly key: string
  /** The cursor says how far it is from UTC; true where there is none. */
  readonly zoned: boolean
}

const OFFSET = /(?:Z|[+-]\d{2}:?\d{2})$/

/** Whether a point in time says how far it is from UTC. */
export const hasOffset = (time: string): boolean => time.endsWith('Z') || OFFSET.test(time)

export function identifier({ key, sync, columns }: Stream): (record: unknown) => Identity {
  const stepsOf = (name: string): readonly string[] => (columns[name]?.from ?? name).split('.')
  const parts = key.map(stepsOf)
  const cursor = sync.mode === 'incremental' ? stepsOf(sync.cursor) : null
  return record => {
    const time = cursor === null ? null : memberAt(record, cursor)
    return {
      key: parts.map(steps => written(memberAt(record, steps))).join(),
      zoned: typeof time !== 'string' || hasOffset(time),
    }
  }
}

function memberAt(record: unknown, steps: readonly string[]): unknown {
  let value = record
  for (const name of steps) value = isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
  return value
}

/** An id past 64 bits, or one that is an object one day, has no text of its own. */
const written = (value: unknown): string | undefined => (typeof value === 'string' ? value : JSON.stringify(value))
