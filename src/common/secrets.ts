/** Values that must not appear in any output. */
export interface Secrets {
  /** The text with every secret replaced by `[secret]`. */
  scrub(text: string): string
}

/** A shorter secret would also be found in text that has nothing to do with it. */
const SHORTEST = 4

/**
 * @param values secrets, and URLs, whose passwords are secrets both as written and decoded.
 * @param addresses URLs whose path and query are secrets too, as those of webhooks are: who has one can write there.
 */
export function secretsOf(values: readonly string[], addresses: readonly string[] = []): Secrets {
  const hidden = new Set<string>()
  for (const [value, isWhole] of [...values.map(v => [v, false] as const), ...addresses.map(a => [a, true] as const)]) {
    const address = value.includes('://') && URL.canParse(value) ? new URL(value) : null
    const secrets = address ? [...passwordsIn(address), ...(isWhole ? pathsIn(address, value) : [])] : [value]
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

/** A part of a path of at least this length may be a secret by itself. */
const SECRET_PART = 16

/** A shorter path would also be found in text that has nothing to do with it. */
const SECRET_PATH = 8

/** The address, its path with the query, and each part of them that may be a secret by itself. */
function pathsIn({ href, pathname, search, searchParams }: URL, written: string): string[] {
  const paths = [`${pathname}${search}`, pathname].map(path => path.replace(/\/$/, ''))
  const parts = [...pathname.split('/'), ...searchParams.values()].filter(part => part.length >= SECRET_PART)
  return [...(paths[0] === '' ? [] : [written, href]), ...paths.filter(path => path.length >= SECRET_PATH), ...parts]
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
