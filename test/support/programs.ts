/** What the tests start as processes of their own: the program, and what kills itself at a given step. */
export const PROGRAMS = {
  main: 'src/cli/main.ts',
  'commit-and-die': 'test/support/commit-and-die.ts',
  'migrate-and-die': 'test/support/migrate-and-die.ts',
  'take-lease': 'test/support/take-lease.ts',
} as const

export type Program = keyof typeof PROGRAMS
