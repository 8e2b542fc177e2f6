import { ConfigError, type ConfigProblem } from '../../common/errors.ts'
import type { ProxyOptions } from '../../extract/proxy.ts'

/**
 * The proxies that the environment names, as other programs read them: the name in lower case goes before the one in
 * upper case, and an address without a scheme is `http:`.
 * @throws {ConfigError} that names the variable and shows nothing of its value, which may contain a password.
 */
export function proxyFromEnvironment(environment = process.env): ProxyOptions {
  const problems: ConfigProblem[] = []
  const read = (name: string): [name: string, value: string] => {
    const lower = environment[name.toLowerCase()]
    return lower ? [name.toLowerCase(), lower] : [name, environment[name] ?? '']
  }
  const address = (variable: string): string | null => {
    const [path, value] = read(variable)
    if (value === '') return null
    const url = value.includes('://') ? value : `http://${value}`
    const message = problemOf(url)
    if (message !== null) problems.push({ path, line: null, message })
    return url
  }
  const options = { https: address('HTTPS_PROXY'), http: address('HTTP_PROXY'), no: read('NO_PROXY')[1] }
  if (problems.length > 0) throw new ConfigError('the environment', problems)
  return options
}

function problemOf(address: string): string | null {
  if (!URL.canParse(address)) return 'this is no address; it takes one such as http://user:password@proxy.example:3128'
  const { protocol, username, password } = new URL(address)
  if (protocol !== 'http:' && protocol !== 'https:')
    return `a proxy of the kind ${protocol} cannot be used; it takes an http: or https: address`
  try {
    decodeURIComponent(username + password)
    return null
  } catch {
    return 'the user or the password contains a % that is not an escape; write it as %25'
  }
}
