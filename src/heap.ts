import v8 from 'node:v8'

let weighed = false

/**
 * From now on V8 weighs buffers and the texts of pages together with the heap when it decides whether to collect. On their own
 * account they have all of the heap looked through every few pages: a fifth of a fast backfill's CPU. It costs
 * memory, so it is for when many pages come within one commit. Older versions of Node know no such setting.
 */
export function weighBuffersWithHeap(): void {
  if (weighed) return
  weighed = true
  const [major] = process.versions.node.split('.')
  if (Number(major) >= 24) v8.setFlagsFromString('--external-memory-accounted-in-global-limit')
}
