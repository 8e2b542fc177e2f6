import type { Found, Soaked, SoakOptions } from './soak.ts'

/** What a soak did and found, for a person. */
export function tableOf(soaked: Soaked, { database, seed, known }: SoakOptions): string {
  const perMinute = Math.round((soaked.runs / soaked.seconds) * 60)
  const head = `${database}, seed ${seed}: ${soaked.runs} runs in ${soaked.lives} lives, ${perMinute} runs a minute`
  const left = known.size === 0 ? [] : [`left out, not mended yet: ${[...known].join(', ')}`]
  return [
    head,
    ...left,
    `commands: ${listed(soaked.commands)}`,
    `exit codes: ${listed(soaked.outcomes)}`,
    `bends (${total(soaked.bends)}): ${listed(soaked.bends)}`,
    `hands (${total(soaked.hands)}): ${listed(soaked.hands)}`,
    `lies: ${soaked.lies.length}`,
    ...grouped(soaked.lies),
  ].join('\n')
}

const listed = (counts: ReadonlyMap<string, number>): string =>
  [...counts]
    .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
    .map(([name, n]) => `${name} ${n}`)
    .join(', ')

const total = (counts: ReadonlyMap<string, number>): number => [...counts.values()].reduce((sum, n) => sum + n, 0)

/** Lies of one kind by one cause, with the lives to live again. */
function grouped(lies: readonly Found[]): string[] {
  const groups = new Map<string, { lives: Set<number>; count: number }>()
  for (const { suspects, earlier, what, life } of lies) {
    const by = suspects.length === 0 ? '(nothing)' : `${earlier ? 'earlier: ' : ''}${suspects.join(' + ')}`
    const key = `${by} | ${what}`
    const group = groups.get(key) ?? { lives: new Set(), count: 0 }
    group.count += 1
    group.lives.add(life)
    groups.set(key, group)
  }
  return [...groups]
    .sort(([, a], [, b]) => b.lives.size - a.lives.size)
    .map(
      ([key, { lives, count }]) => `  ${key} | ${count} in ${lives.size} lives: ${[...lives].slice(0, 5).join(', ')}`,
    )
}
