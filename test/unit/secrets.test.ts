import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { secretsOf } from '../../src/common/secrets.ts'

const TOKEN = 'sk_1x1_0123456789abcdef'

describe('secrets are replaced in any text', () => {
  const CASES = [
    ['a token', [TOKEN], `token ${TOKEN}!`, 'token [secret]!'],
    ['twice', [TOKEN], `${TOKEN}${TOKEN}`, '[secret][secret]'],
    ['a token with a colon', ['sk:0123456789'], 'a sk:0123456789 b', 'a [secret] b'],
    ['a token with a quote, in JSON', ['a"b\\c'], JSON.stringify({ t: 'a"b\\c' }), '{"t":"[secret]"}'],
    ['a password', ['postgres://me:hunter22@h/db'], 'password hunter22 failed', 'password [secret] failed'],
    ['an address', ['postgres://me:hunter22@h/db'], 'postgres://me:hunter22@h/db', 'postgres://me:[secret]@h/db'],
    ['a password as written', ['postgres://me:p%40ss%2Fword@h/db'], ':p%40ss%2Fword@', ':[secret]@'],
    ['a password as meant', ['postgres://me:p%40ss%2Fword@h/db'], 'p@ss/word', '[secret]'],
    ['a password with a quote, in JSON', ['postgres://me:p%22ss%5C@h/db'], '{"p":"p\\"ss\\\\"}', '{"p":"[secret]"}'],
    ['a password with a stray per cent', ['postgres://me:100%zz@h/db'], 'a 100%zz b', 'a [secret] b'],
    ['two, of which one contains the other', ['abcd', 'abcdef'], 'abcdef abcd', '[secret] [secret]'],
    ['what means something in a pattern', ['a.b*c$&'], 'a.b*c$& axbxc', '[secret] axbxc'],
  ] as const

  test.each(CASES)('%s', (_what, values, text, expected) => {
    expect(secretsOf(values).scrub(text)).toBe(expected)
  })
})

test('of the address of a webhook the path and the query are secrets, and the host is not', () => {
  const address = 'https://hooks.example/services/T0001/made-up-part-of-it?key=0123456789abcdefg'
  const { scrub } = secretsOf([], [address, 'http://gateway.example:9091/', 'https://x.example/api'])
  for (const text of [
    address,
    new URL(address).href,
    '/services/T0001/made-up-part-of-it',
    'made-up-part-of-it',
    'of 0123456789abcdefg',
  ])
    expect(scrub(`it is ${text}.`)).toMatch(/^it is (of )?\[secret\](\?key=\[secret\])?\.$/)
  expect(scrub('https://api.example/api')).toBe('https://api.example/api')
  expect(scrub('http://gateway.example:9091/ and hooks.example')).toBe('http://gateway.example:9091/ and hooks.example')
})

describe('other text is not changed', () => {
  test.each([
    ['nothing to hide', [], 'text'],
    ['an empty value', [''], 'text'],
    ['a value too short to be one', ['abc'], 'abc abc'],
    ['an address without a password', ['postgres://h/db'], 'postgres://h/db'],
    ['the name of a user', ['postgres://someone:hunter22@h/db'], 'someone'],
  ])('%s', (_what, values, text) => {
    expect(secretsOf(values).scrub(text)).toBe(text)
  })
})

test('no text contains a token after scrubbing, plain or as JSON', () => {
  // Without the characters of `[secret]`, so that a token is not confused with the replacement.
  const token = fc.stringMatching(/^[A-Z0-9_"\\]{4,20}$/)
  fc.assert(
    fc.property(fc.array(token, { minLength: 1, maxLength: 3 }), fc.string(), fc.string(), (tokens, before, after) => {
      const { scrub } = secretsOf(tokens)
      for (const secret of tokens) {
        const text = before + secret + after
        expect(scrub(text)).not.toContain(secret)
        expect(scrub(JSON.stringify({ [secret]: [text] }))).not.toContain(JSON.stringify(secret).slice(1, -1))
      }
    }),
  )
})
