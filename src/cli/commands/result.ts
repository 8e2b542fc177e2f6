import type { Printable } from '../../common/printable.ts'

/** Result of a command: the CLI prints one of the two forms and exits with the code. */
export interface Result {
  readonly code: number
  readonly json: unknown
  readonly text: Printable
  /** What is left to do when the result is printed: to tell others of it. Never throws, and takes seconds at most. */
  readonly after?: () => Promise<void>
}
