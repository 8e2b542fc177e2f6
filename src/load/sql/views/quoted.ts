/** A name in quotes, for a statement. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** A text in quotes, for a statement. */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`
