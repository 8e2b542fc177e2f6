/**
 * The SQL of whether a text is one of these words, in any case; false for null. A CASE, because of `lower(status) in (…)`
 * Postgres believes that one row in a hundred has it, and then compares each row of one relation with each of another.
 * @param words in lower case.
 */
export const isOneOf = (text: string, words: readonly string[]): string =>
  `case lower(${text}) ${words.map(word => `when '${word}' then true`).join(' ')} else false end`
