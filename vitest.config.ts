import { randomInt } from 'node:crypto'
import { defineConfig } from 'vitest/config'

// Handed on to the processes that run the tests.
process.env.TEST_SEED ??= String(randomInt(2 ** 31))

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: [
      'test/support/temporary-files.ts',
      'test/support/postgres-server.ts',
      'test/support/shared-loads.ts',
      'test/support/bundled-programs.ts',
    ],
    setupFiles: ['test/support/each-file.ts'],
    reporters: ['default', './test/support/closing-line.ts'],
    // A line for each file, and one for each test that takes longer than this.
    slowTestThreshold: 5_000,
    // Real servers and real databases: slow machines need room, and nothing here is timed.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // One more than the cores of CI: much of a test is waiting for a server or a process. With two more, all of them take longer.
    maxWorkers: 3,
    // A worker keeps the modules from one file to the next: to import the program takes a second of processor for each file.
    isolate: false,
    // A young generation with room for all that a test makes: with the default of 16 MB much of it is copied several times.
    // An old one with room for what a worker keeps, its modules: with the default all of them are marked once a second.
    execArgv: [
      '--min-semi-space-size=64',
      '--max-semi-space-size=64',
      '--initial-old-space-size=512',
      '--no-memory-reducer',
    ],
  },
})
