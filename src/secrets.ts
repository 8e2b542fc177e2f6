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
    const password = URL.canParse(value) ? new URL(value).password : null
    for (const secret of password === null ? [value] : [password, decoded(password)])
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
