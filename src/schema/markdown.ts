const cell = (text: string): string => text.replaceAll('|', '\\|')

/** A row of a table. */
export const row = (...cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`

export const code = (text: string): string => `\`${text}\``
