import v8 from 'node:v8'

/**
 * Has V8 weigh buffers and the texts of pages together with the heap when it decides whether to collect. On their own account
 * they would have all of the heap looked through every few pages, which took a fifth of a backfill's CPU. Older versions of
 * Node know no such setting.
 */
export function weighBuffersWithHeap(): void {
  const [major] = process.versions.node.split('.')
  if (Number(major) >= 24) v8.setFlagsFromString('--external-memory-accounted-in-global-limit')
}
