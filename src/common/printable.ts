import { styleText } from 'node:util'

/**
 * Text that a terminal or a log of lines may be given. Apart from the breaks between its lines, and from colours that
 * `styled` put around it, it has no control character. Only the functions of this file make one, so what a command prints
 * cannot have missed them.
 */
export type Printable = string & { readonly __printable: true }

/*
 * Control characters move the cursor, hide text or break the line. Marks of direction make a terminal show the characters
 * of a line in another order.
 */
const CONTROL = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu
const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

const escaped = (control: string): string =>
  SHORT[control] ?? `\\u${(control.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`

/**
 * Each text as one line. Names and messages from the API, a CSV file or the configuration may contain anything: a line
 * break in one of them is escaped too, otherwise it could begin a line that looks like one of ours.
 */
export const lines = (...texts: readonly string[]): Printable =>
  texts.map(text => text.replace(CONTROL, escaped)).join('\n') as Printable

/** The parts, with an empty line between them. */
export const paragraphs = (...parts: readonly Printable[]): Printable => parts.join('\n\n') as Printable

/** Parts one below the other. */
export const below = (...parts: readonly Printable[]): Printable => parts.join('\n') as Printable

/** Parts on one line. */
export const beside = (...parts: readonly Printable[]): Printable => parts.join('') as Printable

/** What follows the first `from` characters of a text. */
export const rest = (text: Printable, from: number): Printable => text.slice(from) as Printable

/** A text in a colour. It is printable already, so no colour comes from data. */
export const styled = (format: Parameters<typeof styleText>[0], text: Printable): Printable =>
  styleText(format, text, { validateStream: false }) as Printable

/**
 * Rows as CSV (RFC 4180, lines end with a line feed). Null is empty, and an empty text is `""`.
 * @param terminal escapes control characters as `lines` does. A file or a pipe gets each value as it is: a program reads it.
 */
export const printableCsv = (rows: readonly (readonly (string | null)[])[], terminal: boolean): Printable =>
  rows
    .map(row =>
      row.map(value => csvField(value === null || !terminal ? value : value.replace(CONTROL, escaped))).join(','),
    )
    .join('\n') as Printable

const csvField = (value: string | null): string => {
  if (value === null) return ''
  return value === '' || /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value
}

/** JSON escapes control characters up to U+001F only; a terminal obeys those from U+007F on as well. */
export const printableJson = (value: unknown): Printable =>
  JSON.stringify(value, null, 2).replace(/[\u007f-\u009f\u2028\u2029]|\p{Bidi_Control}/gu, escaped) as Printable
