/** What must not leave the process, whatever text it got into. */
export interface Secrets {
  scrub(text: string): string
}

/** Shorter values would blacken innocent text. */
const SHORTEST = 4

/** @param values the token, and addresses whose passwords count, as written and as percent-encoded. */
export function secretsOf(values: readonly string[]): Secrets {
  const hidden = new Set<string>()
  for (const value of values) {
    const address = value.includes('://') && URL.canParse(value) ? new URL(value) : null
    const secrets = address ? [address.password, decoded(address.password)] : [value]
    // Logs and reports are JSON, where a quote in a secret has a backslash before it.
    for (const secret of secrets.flatMap(secret => [secret, JSON.stringify(secret).slice(1, -1)]))
      if (secret.length >= SHORTEST) hidden.add(secret)
  }
  const longestFirst = [...hidden].sort((a, b) => b.length - a.length)
  return { scrub: text => longestFirst.reduce((clean, secret) => clean.replaceAll(secret, '[secret]'), text) }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
