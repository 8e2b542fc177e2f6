/** What a command comes to: the CLI prints one of the two forms and leaves with the code. */
export interface Result {
  readonly code: number
  readonly json: unknown
  readonly text: string
}
