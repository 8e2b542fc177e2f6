import { describe, expect, test } from 'vitest'
import { namesCredential } from '../../src/transform/credential-name.ts'

const CREDENTIALS = [
  ...[
    'token',
    'access_token',
    'accessToken',
    'tokens',
    'api_token_name',
    'X-Token',
    'cart_token',
    'TOKEN2',
    'authtoken',
  ],
  ...[
    'secret',
    'client_secret',
    'clientSecrets',
    'password',
    'hashed_password',
    'passwd',
    'passcode',
    'pwd',
    'passphrase',
  ],
  ...['hash', 'customer_hash', 'md5hash', 'hashes', 'hash_before', 'credentials', 'jwt', 'pin', 'cvv', 'otp'],
  ...['api_key', 'apiKey', 'APIKey', 'private_key', 'portal_key', 'access_keys', 'license_key'],
  ...['code', 'codes', 'code1', 'gift_code', 'redemption_code', 'giftCode', 'gift-codes', 'Gift Code', 'giftcode'],
  ...['access_code', 'auth_code', 'product_unlock_code', 'voucher_code', 'qr_code', 'credit_code', 'code_value'],
  ...[
    'login_link',
    'redemption_link',
    'portal_url',
    'magicLink',
    'password_reset_url',
    'account_activation_url',
    'login_uri',
  ],
]

const HARMLESS = [
  ...[
    'country_code',
    'countryCode',
    'currency_code',
    'zip_code',
    'postal_code',
    'postcode',
    'zipcode',
    'province_code',
  ],
  ...['state_code', 'language_code', 'phone_country_code', 'country_code_v2', 'gift_country_code', 'area_code'],
  ...['discount_code', 'discount_codes', 'discountCode', 'coupon_code', 'promo_codes', 'referral_code'],
  ...['sku_code', 'tax_code', 'hs_code', 'barcode', 'bar_code', 'variant_code', 'shipping_code', 'carrier_code'],
  ...[
    'status_code',
    'error_code',
    'reason_code',
    'response_codes',
    'http_code',
    'decline_code',
    'result_code',
    'avs_result_code',
  ],
  ...['encoded', 'decode', 'unicode', 'key', 'keys', 'metafield_key', 'idempotency_key', 'hashtag', 'hashtags'],
  ...[
    'link',
    'url',
    'image_url',
    'self_link',
    'tracking_url',
    'pinned',
    'shipping',
    'compass',
    'passenger',
    'keyboard',
  ],
  ...['token_expires_at', 'hash_type', 'token_count', 'password_changed_at', 'code_type', 'token_status'],
  ...['', 'id', 'email', '__proto__', 'é', '日本', 'credit', 'option'],
]

test.each(CREDENTIALS)('K9/50: %s names a credential', name => {
  expect(namesCredential(name, 'thing')).toBe(true)
  // The second answer is one that is remembered.
  expect(namesCredential(name, 'thing')).toBe(true)
})

test.each(HARMLESS)('K9/50: %s names none', name => {
  expect(namesCredential(name, 'thing')).toBe(false)
})

describe('K9/50: a field named code is what contains it', () => {
  test.each(['gift_card', 'giftCards', 'store_credit', 'redemption', 'login', 'thing', '', 'gift_products'])(
    'a credential in %s',
    holder => {
      expect(namesCredential('code', holder)).toBe(true)
    },
  )

  test.each([
    'discount',
    'discounts',
    'discountCodes',
    'shipping_lines',
    'provinces',
    'error',
    'errors',
    'country',
    'tax_line',
  ])('harmless in %s', holder => {
    expect(namesCredential('code', holder)).toBe(false)
  })
})

test('K9/50: any number of names is answered without remembering all', () => {
  for (let id = 0; id < 5000; id++) expect(namesCredential(`gift_code_${id}`, 'thing')).toBe(true)
})
