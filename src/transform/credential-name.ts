/*
 * Whether the name of a field that is not declared says that its value is a credential: something that opens an account or
 * spends a balance. In doubt it does: what is hashed by mistake can be declared, and then it is loaded in clear.
 */

/** Nearly all names match none of these, and need not be split into words. */
const MAY_BE = /token|secret|pass|pwd|hash|code|key|credential|jwt|bearer|otp|cvv|cvc|pin|link|ur[il]|href/i

/** A word that contains one of these. */
const SECRET = /token|secret|passw|passcode|passphrase|credential|apikey/
/** A word that is one of these, or ends with `hash`, such as `md5hash`. */
const SECRETS = new Set(['pwd', 'jwt', 'bearer', 'otp', 'totp', 'cvv', 'cvc', 'pin'])
const HASH = /hash(?:es)?$/

/** A key is a credential if one of these stands before it. Other keys name something, as the key of a metafield does. */
const KEY_OF = new Set('access api auth encryption license licence login portal private secret signing'.split(' '))

/** A link is a credential if it carries a login or redeems something. */
const LINK = /^(?:links?|ur[il]s?|href)$/
const LINK_TO = new Set(
  'activation auth gift invitation invite login logon magic portal redeem redemption reset session signin signon sso unsubscribe verification'.split(
    ' ',
  ),
)

/** A last word that makes the name one of something about a credential, as in `token_expires_at` and `hash_type`. */
const ABOUT = new Set('algorithm at count date expiry length on status type'.split(' '))

/** The code of one of these only names something, as in `country_code` and `discount_code`. */
const HARMLESS_CODES = new Set([
  // Places and languages.
  ...'admin area calling city country county dial dialing geo language lang locale phone post postal province region state subdivision timezone zip zone'.split(
    ' ',
  ),
  // Money and taxes.
  ...'currency commodity harmonized hs hsn iso tariff tax'.split(' '),
  // What happened.
  ...'avs cancellation decline error exit failure http reason response result status'.split(' '),
  // Goods, and how they are delivered.
  ...'bar brand carrier category class color colour delivery fulfillment item method product rate service shipping size sku type unit variant vendor'.split(
    ' ',
  ),
  // What customers are told so that they use it.
  ...'affiliate campaign coupon discount promo promotion referral'.split(' '),
  // Words that end in `code` and are no code.
  ...'de en uni'.split(' '),
])
/** A field named `code` in one of these only names something. In an item or a product it may be what was bought. */
const HARMLESS_HOLDERS = new Set(
  'country coupon currency decline discount error language locale promo promotion province reason region shipping state status tax'.split(
    ' ',
  ),
)

/** Answers given before. An object whose member names are ids must not fill the memory. */
const known = new Map<string, boolean>()
const MOST_KNOWN = 1000

/** @param holder name of the member that contains the field. It says what a field named `code` is the code of. */
export function namesCredential(name: string, holder: string): boolean {
  if (!MAY_BE.test(name)) return false
  const key = `${holder} ${name}`
  const before = known.get(key)
  if (before !== undefined) return before
  if (known.size === MOST_KNOWN) known.clear()
  const answer = read(name, holder)
  known.set(key, answer)
  return answer
}

function read(name: string, holder: string): boolean {
  const words = wordsOf(name)
  if (ABOUT.has(words.at(-1) ?? '')) return false
  return words.some((word, i) => {
    const before = words[i - 1] ?? ''
    if (SECRET.test(word) || SECRETS.has(word) || HASH.test(word)) return true
    if (/^keys?$/.test(word)) return KEY_OF.has(before)
    if (LINK.test(word)) return words.some(other => LINK_TO.has(other))
    const code = /^(.*?)codes?$/.exec(word)
    if (code === null) return false
    const of = code[1] || before
    if (of !== '') return !HARMLESS_CODES.has(of)
    return !wordsOf(holder).some(part => HARMLESS_HOLDERS.has(singular(part)))
  })
}

/** The words of a name in snake, kebab or camel case, in lower case and without digits at their end. */
const wordsOf = (name: string): string[] =>
  name
    .replace(/(\p{Ll}|\d)(\p{Lu})/gu, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\d]+/u)
    .map(word => word.replace(/\d+$/, ''))
    .filter(word => word !== '')

/** `countries` and `currencies` too. */
const singular = (word: string): string => (word === 'status' ? word : word.replace(/ies$/, 'y').replace(/s$/, ''))
