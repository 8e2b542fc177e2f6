import { readFileSync } from 'node:fs'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { fileURLToPath } from 'node:url'

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** The file of the self-signed certificate, for NODE_EXTRA_CA_CERTS. */
export const CERTIFICATE_FILE = file('localhost.crt')
/** Of a server that calls itself localhost. */
export const LOCALHOST = {
  cert: readFileSync(CERTIFICATE_FILE, 'utf8'),
  key: readFileSync(file('localhost.key'), 'utf8'),
}

/** This process trusts the self-signed certificate while `work` runs. */
export async function whileTrusted(work: () => Promise<void>): Promise<void> {
  const trusted = getCACertificates('default')
  setDefaultCACertificates([...trusted, LOCALHOST.cert])
  try {
    await work()
  } finally {
    setDefaultCACertificates(trusted)
  }
}
