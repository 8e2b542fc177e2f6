import type { Printable } from '../../common/printable.ts'

/** Result of a command: the CLI prints one of the two forms and exits with the code. */
export interface Result {
  readonly code: number
  readonly json: unknown
  readonly text: Printable
}
