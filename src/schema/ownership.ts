import { type OwnerColumn, type Ownership, PERSONS } from './owner.ts'
import type { Stream } from './stream.ts'

/**
 * How records belong to persons, by stream; one whose records belong to nobody is not in it. It follows from what the columns
 * are declared to refer to: a stream belongs to persons if it names a customer, or a record of a stream that does.
 */
export function ownerships(streams: readonly Stream[]): ReadonlyMap<string, Ownership> {
  const owned = new Set<string>([PERSONS])
  const found = new Map<string, Omit<Ownership, 'isReferenced'>>()
  for (let before = -1; before !== found.size; ) {
    before = found.size
    for (const stream of streams) {
      const ownership = ownershipIn(stream, owned)
      if (ownership === null) continue
      found.set(stream.name, ownership)
      owned.add(stream.name)
    }
  }
  // The last round has seen all streams that belong to persons.
  for (const stream of streams.filter(({ name }) => found.has(name))) {
    const ownership = ownershipIn(stream, owned)
    if (ownership !== null) found.set(stream.name, ownership)
  }
  const referenced = new Set([...found.values()].flatMap(({ indirect }) => indirect.map(({ stream }) => stream)))
  return new Map([...found].map(([name, ownership]) => [name, { ...ownership, isReferenced: referenced.has(name) }]))
}

function ownershipIn(stream: Stream, owned: ReadonlySet<string>): Omit<Ownership, 'isReferenced'> | null {
  const all = Object.entries(stream.columns).flatMap(([column, { references }]) =>
    references.map((reference): OwnerColumn => ({ column, ...reference })),
  )
  const [key = ''] = stream.key
  const own: readonly OwnerColumn[] = stream.name === PERSONS ? [{ column: key, stream: PERSONS, when: null }] : []
  const direct = [...own, ...all.filter(({ stream: name, when }) => name === PERSONS && when === null)]
  const indirect = all.filter(({ stream: name, when }) => owned.has(name) && (name !== PERSONS || when !== null))
  const named = (is: 'contact' | 'mentions'): string[] =>
    Object.entries(stream.columns).flatMap(([name, column]) => (column[is] ? [name] : []))
  const mentions = named('mentions')
  if (direct.length + indirect.length + mentions.length === 0) return null
  return { direct, indirect, contact: named('contact')[0] ?? null, mentions }
}
