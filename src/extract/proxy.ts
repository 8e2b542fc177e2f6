/** Addresses of proxies by the protocol of the API's address, as HTTPS_PROXY, HTTP_PROXY and NO_PROXY give them. */
export interface ProxyOptions {
  /** For `https:` addresses; null: none. */
  readonly https: string | null
  /** For `http:` addresses; null: none. */
  readonly http: string | null
  /** Hosts that are reached without a proxy, separated by commas or spaces; `*` is all of them. */
  readonly no: string
}

/** The proxy that requests to this address go through; null: they go there directly. */
export function proxyFor({ protocol, hostname, port }: URL, { https, http, no }: ProxyOptions): URL | null {
  const proxy = protocol === 'https:' ? https : http
  if (proxy === null) return null
  const ownPort = port === '' ? (protocol === 'https:' ? '443' : '80') : port
  const entries = no.toLowerCase().split(/[\s,]+/)
  return entries.some(entry => covers(entry, hostname, ownPort)) ? null : new URL(proxy)
}

/** A host covers its subdomains too, with or without a dot or `*.` before it; a port narrows it to that port. */
function covers(entry: string, hostname: string, port: string): boolean {
  if (entry === '*') return true
  const [, host = '', only] = /^(?:\*?\.)?(.+?)(?::(\d+))?$/.exec(entry) ?? []
  if (host === '' || (only !== undefined && only !== port)) return false
  return hostname === host || hostname.endsWith(`.${host}`)
}

/** The proxy answered for itself, instead of passing the request on. */
export class ProxyRefusal extends Error {
  readonly status: number

  constructor(status: number) {
    super(`the proxy answers ${status}`)
    this.status = status
  }
}
