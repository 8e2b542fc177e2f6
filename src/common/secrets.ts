/** Values that must not appear in any output. */
export interface Secrets {
  /** The text with every secret replaced by `[secret]`. */
  scrub(text: string): string
}

/** A shorter secret would also be found in text that has nothing to do with it. */
const SHORTEST = 4

/** @param values secrets, and URLs, whose passwords are secrets both as written and decoded. */
export function secretsOf(values: readonly string[]): Secrets {
  const hidden = new Set<string>()
  for (const value of values) {
    const address = value.includes('://') && URL.canParse(value) ? new URL(value) : null
    const secrets = address ? passwordsIn(address) : [value]
    // Logs and reports are JSON, which escapes a quote inside a secret.
    for (const secret of secrets.flatMap(secret => [secret, JSON.stringify(secret).slice(1, -1)]))
      if (secret.length >= SHORTEST) hidden.add(secret)
  }
  const longestFirst = [...hidden].sort((a, b) => b.length - a.length)
  return { scrub: text => longestFirst.reduce((clean, secret) => clean.replaceAll(secret, '[secret]'), text) }
}

/** The driver of Postgres takes a password from the query as well. */
const passwordsIn = ({ password, searchParams }: URL): string[] =>
  [password, ...searchParams.getAll('password')].flatMap(text => [text, decoded(text), encodeURIComponent(text)])

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
