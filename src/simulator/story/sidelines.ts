import type { Draft, Json } from '../record.ts'
import { DAY, HOUR, SECOND, utcText } from '../time.ts'
import { BOUGHT_ONCE, SUBSCRIBED } from './catalogue.ts'
import { amount } from './money.ts'
import { STORE } from './office.ts'
import type { Person } from './people.ts'
import type { Scene } from './scene.ts'

const CREDITED = 0.1
const GIVES = 0.02

/** Some customers get store credit or give presents. */
export function perhapsMore(scene: Scene, { customer }: Person, at: number): void {
  const { random } = scene
  const soon = () => at + random.between(1, 200) * DAY + random.between(9, 20) * HOUR
  if (random.chance(CREDITED)) scene.diary.add(soon(), then => openCredit(scene, customer, then))
  if (random.chance(GIVES)) scene.diary.add(soon(), then => give(scene, customer, then))
}

function openCredit(scene: Scene, customer: Draft, at: number): void {
  const initial = scene.random.between(4, 40) * 125
  const account = credit(scene, customer.id, initial, 'Goodwill', at)
  const spend = (balance: number, then: number) => {
    const left = balance - scene.random.between(100, 900)
    if (left < 0) return
    account.available_balance = amount(left)
    account.updated_at = utcText(then)
    adjust(scene, account, balance - left, left, 'debit', then)
    scene.diary.add(then + scene.random.between(10, 60) * DAY, later => spend(left, later))
  }
  scene.diary.add(at + 10 * DAY, then => spend(initial, then))
}

function credit(scene: Scene, customer: Json, cents: number, name: string, at: number): Draft {
  const id = scene.id('credit_accounts')
  const account = scene.add('credit_accounts', {
    id,
    customer_id: customer,
    store_id: STORE,
    api_client_id: null,
    api_client_restricted: false,
    available_balance: amount(cents),
    created_at: utcText(at),
    currency_code: 'USD',
    expires_at: name === 'Gift' ? utcText(at + 365 * DAY) : null,
    // Two clients have two names for it.
    [id % 2 === 0 ? 'initial_balance' : 'initial_value']: amount(cents),
    name,
    redemption_code: name === 'Gift' ? `KETTLE-${id}-MADEUP` : null,
    type: name === 'Gift' ? 'gift' : 'reward',
    updated_at: utcText(at),
  })
  adjust(scene, account, cents, cents, 'credit', at)
  return account
}

/** Adds an entry to an account: each one holds the balance after it. */
function adjust(scene: Scene, account: Draft, cents: number, left: number, type: 'credit' | 'debit', at: number): void {
  scene.add('credit_adjustments', {
    id: scene.id('credit_adjustments'),
    credit_account_id: account.id,
    amount: amount(cents),
    created_at: utcText(at),
    currency_code: 'USD',
    ending_balance: amount(left),
    note: type === 'debit' ? 'Applied to an order' : null,
    type,
    updated_at: utcText(at),
  })
}

function give(scene: Scene, sender: Draft, at: number): void {
  const { random } = scene
  const cents = random.pick([2500, 5000, 10_000])
  const account = credit(scene, null, cents, 'Gift', at + SECOND)
  const gift = random.pick(BOUGHT_ONCE)
  scene.add('gift_purchases', {
    id: scene.id('gift_purchases'),
    amount: amount(cents),
    created_at: utcText(at),
    credit_account_id: account.id,
    external_gift_product_id: { ecommerce: gift.productId },
    external_gift_variant_id: { ecommerce: gift.variantId },
    external_order_id: { ecommerce: random.digits(13) },
    external_redeemable_product_ids: [{ ecommerce: SUBSCRIBED[0].productId }],
    gift_currency: 'USD',
    gift_note: random.chance(0.5) ? 'Enjoy!' : null,
    notification_scheduled_at: utcText(at + 3 * DAY),
    recipient_customer_id: null,
    redemption_link: `https://portal.kettle-crane.example/gift/${random.hex(20)}`,
    sender_customer_id: sender.id,
    sender_name: sender.first_name,
    updated_at: utcText(at),
  })
}
