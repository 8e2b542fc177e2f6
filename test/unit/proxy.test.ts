import { describe, expect, test } from 'vitest'
import { proxyFromEnvironment } from '../../src/cli/config/proxy.ts'
import { proxyFor } from '../../src/extract/proxy.ts'

const API = new URL('https://api.rechargeapps.com')
const proxies = { https: 'http://one.example:3128', http: 'http://two.example:3128', no: '' }

test('an address has the proxy of its own protocol, and no other', () => {
  expect(proxyFor(API, proxies)?.host).toBe('one.example:3128')
  expect(proxyFor(new URL('http://127.0.0.1:8080'), proxies)?.host).toBe('two.example:3128')
  expect(proxyFor(API, { ...proxies, https: null })).toBeNull()
  expect(proxyFor(new URL('http://127.0.0.1:8080'), { ...proxies, http: null })).toBeNull()
})

test.each([
  ['*', false],
  ['api.rechargeapps.com', false],
  ['API.RechargeApps.com', false],
  ['rechargeapps.com', false],
  ['.rechargeapps.com', false],
  ['*.rechargeapps.com', false],
  ['localhost, rechargeapps.com', false],
  ['localhost api.rechargeapps.com:443', false],
  ['api.rechargeapps.com:80', true],
  ['apps.com', true],
  ['a.api.rechargeapps.com', true],
  ['api.rechargeapps.com.example', true],
  ['apixrechargeapps.com', true],
  [' , ', true],
  ['', true],
])('with NO_PROXY=%j the API is reached through the proxy: %s', (no, through) => {
  expect(proxyFor(API, { ...proxies, no }) !== null).toBe(through)
})

test('NO_PROXY takes loopback addresses, with and without a port', () => {
  const loopback = (address: string, no: string) => proxyFor(new URL(address), { ...proxies, no })
  expect(loopback('http://127.0.0.1:8080', '127.0.0.1')).toBeNull()
  expect(loopback('http://127.0.0.1:8080', '127.0.0.1:8080')).toBeNull()
  expect(loopback('http://127.0.0.1:8080', '127.0.0.1:8081')).not.toBeNull()
  expect(loopback('http://[::1]:8080', '[::1]')).toBeNull()
  expect(loopback('http://[::1]:8080', '[::1]:8080')).toBeNull()
})

describe('the environment', () => {
  test.each([
    [{}, { https: null, http: null, no: '' }],
    [
      { HTTPS_PROXY: 'http://a:1', HTTP_PROXY: 'https://b:2', NO_PROXY: 'c' },
      { https: 'http://a:1', http: 'https://b:2', no: 'c' },
    ],
    [
      { https_proxy: 'http://a:1', http_proxy: 'http://b:2', no_proxy: 'c' },
      { https: 'http://a:1', http: 'http://b:2', no: 'c' },
    ],
    [
      { https_proxy: 'http://lower:1', HTTPS_PROXY: 'http://upper:1' },
      { https: 'http://lower:1', http: null, no: '' },
    ],
    [
      { https_proxy: '', HTTPS_PROXY: 'http://upper:1' },
      { https: 'http://upper:1', http: null, no: '' },
    ],
    [{ HTTPS_PROXY: 'me:word@a:3128' }, { https: 'http://me:word@a:3128', http: null, no: '' }],
  ])('%j', (environment, expected) => {
    expect(proxyFromEnvironment(environment)).toEqual(expected)
  })

  test.each([
    ['http://me:sesame@', /HTTPS_PROXY: this is no address; it takes one such as/],
    [
      'socks5://me:sesame@a:1080',
      /HTTPS_PROXY: a proxy of the kind socks5: cannot be used; it takes an http: or https:/,
    ],
    ['http://me:sesame%@a:1', /HTTPS_PROXY: the user or the password contains a % .* write it as %25/],
  ])('%s is refused, by the name of the variable and without the password', (value, message) => {
    const read = () => proxyFromEnvironment({ HTTPS_PROXY: value })
    expect(read).toThrow(message)
    expect(read).not.toThrow('sesame')
    expect(() => proxyFromEnvironment({ https_proxy: value, HTTP_PROXY: value })).toThrow(
      /https_proxy: .*\n.*HTTP_PROXY: /,
    )
  })
})
