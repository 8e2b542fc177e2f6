import { flag, instant, int, oneOf, personal, references, required, sensitive, text } from '../src/schema/column.ts'
import { stream } from '../src/schema/define.ts'
import { PROCESSORS } from './values/published.ts'

export default stream({
  name: 'payment_methods',
  singular: 'payment_method',
  doc: 'One way to pay that a customer has stored, such as a card or a PayPal account.',
  path: '/payment_methods',
  list: 'payment_methods',
  scopes: ['read_payment_methods'],
  plan: 'Pro or Custom',
  key: 'id',
  sync: { mode: 'full' },
  // In Recharge's own client for storefronts [documented]; that this list takes it too is [inferred]. Where it does not, a
  // payment method that is deleted is one that a complete list does not show.
  tried: { include_deleted: 'true' },
  deletions: { stated: 'deleted_at', absence: 'scan' },
  objects: ['include'],
  columns: {
    id: required(int('Recharge id of the payment method.')),
    customer_id: references('customers', int('Id of the customer who pays with it.')),
    billing_address_address1: text('First line of the billing street.', 'billing_address.address1'),
    billing_address_address2: text('Second line of the billing street.', 'billing_address.address2'),
    billing_address_city: text('City of the billing address.', 'billing_address.city'),
    billing_address_company: text('Company on the billing address.', 'billing_address.company'),
    billing_address_company_name: text(
      'Company on the billing address, where it comes under this name.',
      'billing_address.company_name',
    ),
    billing_address_country_code: text('Billing country as two ISO letters.', 'billing_address.country_code'),
    billing_address_country: text('Billing country spelled out.', 'billing_address.country'),
    billing_address_first_name: text('Given name on the billing address.', 'billing_address.first_name'),
    billing_address_last_name: text('Family name on the billing address.', 'billing_address.last_name'),
    billing_address_name: text(
      'Whole name on the billing address, where first and family name do not come apart.',
      'billing_address.name',
    ),
    billing_address_phone: text('Phone number on the billing address, as entered.', 'billing_address.phone'),
    billing_address_province: text('State or province of the billing address.', 'billing_address.province'),
    billing_address_zip: text('Postal code of the billing address.', 'billing_address.zip'),
    // No offset on either time, even on 2021-11 [observed]; Eastern is inferred.
    created_at: instant('When the payment method was stored; the API gives no offset, read as US Eastern.'),
    deleted_at: instant('When the payment method was deleted; the API gives no offset, read as US Eastern.'),
    default: flag('Whether it is what the customer pays with unless told otherwise; may be null.'),
    payment_details_brand: text('Brand of the card, such as visa.', 'payment_details.brand'),
    payment_details_exp_month: personal(int('Month in which the card expires, 1 to 12.', 'payment_details.exp_month')),
    payment_details_exp_year: personal(
      int('Year in which the card expires, with four digits.', 'payment_details.exp_year'),
    ),
    // Text keeps the leading zeros.
    payment_details_last4: text('Last four digits of the card.', 'payment_details.last4'),
    payment_details_card_type: text('Type of the card, as the processor calls it.', 'payment_details.card_type'),
    payment_details_funding_type: text('How the card is funded, such as credit.', 'payment_details.funding_type'),
    payment_details_wallet_type: text('Wallet that holds the card, if any.', 'payment_details.wallet_type'),
    payment_details_paypal_email: text('Email of the PayPal account.', 'payment_details.paypal_email'),
    payment_details_paypal_payer_id: text('Id of the payer at PayPal.', 'payment_details.paypal_payer_id'),
    payment_type: oneOf(
      [
        'CREDIT_CARD',
        'PAYPAL',
        'PAYPAL_EXPRESS',
        'APPLE_PAY',
        'GOOGLE_PAY',
        'SHOP_PAY',
        'AMAZON_PAY',
        'SEPA_DEBIT',
        'IDEAL',
        'SOFORT',
        'GIROPAY',
        'KLARNA',
        'AFTERPAY_CLEARPAY',
        'INVOICE',
        'STORED_VALUE',
      ],
      text('Kind of payment method; may be null.'),
    ),
    processor_customer_token: sensitive(text('Token of the customer at the payment processor.')),
    processor_name: oneOf(PROCESSORS, text('Payment processor that keeps it.')),
    processor_payment_method_token: sensitive(text('Token at the processor that can be charged.')),
    // The last two by client models only [client].
    status: oneOf(
      ['valid', 'invalid', 'not_validated', 'unvalidated', 'empty'],
      text('Whether it can be charged; may be null.'),
    ),
    status_reason: text('Why status is invalid.'),
    retry_date: instant('When a failed charge is tried again; named by one client only.'),
    updated_at: instant('When the payment method last changed; the API gives no offset, read as US Eastern.'),
  },
})
