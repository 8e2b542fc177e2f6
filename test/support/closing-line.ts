import type { Reporter, TestModule } from 'vitest/node'

/** Prints the counts in one last line, and after a failure the seed that repeats the run. */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const count = { passed: 0, failed: 0, skipped: 0 }
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        if (state !== 'pending') count[state] += 1
      }
      // A file that does not load has no tests to fail.
      if (module.errors().length > 0) count.failed += 1
    }
    const skipped = count.skipped > 0 ? `, ${count.skipped} skipped` : ''
    if (count.failed > 0) console.log(`\nTo draw the same again: TEST_SEED=${process.env.TEST_SEED}`)
    console.log(`\n${count.passed} passed, ${count.failed} failed${skipped}`)
  }
}
