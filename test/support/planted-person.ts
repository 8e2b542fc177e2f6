import { member, type StoreRecord } from '../../src/simulator/record.ts'
import { easternText, utcText } from '../../src/simulator/time.ts'
import { makeFullStore, type Store } from './run.ts'

/** The customer of the made-up record of every stream, who has nothing in common with the customers of the story. */
export const PERSON = '203944118'

/** Texts of the person that stand in no other place. The planted address is that of nobody else. */
export const PLANTED = {
  firstName: 'Zqfirstname',
  lastName: 'Zqlastname',
  email: 'zq.person@zq-planted.example',
  phone: '+49170zq0001',
  address1: 'Zqstreet 17',
  address2: 'Zqbackyard',
  city: 'Zqcity',
  zip: 'ZQ10115',
  orderNote: 'Zqordernote leave it with the neighbour',
  giftee: 'zq.giftee@zq-planted.example',
  chargeNote: 'Zqchargenote',
  orderAttribute: 'Zqorderattribute',
  property: 'Zqengraving',
  undeclared: 'Zqnickname',
  undeclaredInList: 'Zqundeclaredinlist',
  mismatch: 'Zqmismatch',
  oldVersion: 'Zqoldreason in words',
  newVersion: 'Zqnewreason in words',
  eventText: 'Zqevent description',
  eventAttribute: 'Zqeventattribute',
  giftNote: 'Zqgiftnote',
  giftSender: 'Zqsender',
  giftRecipient: 'zq.recipient@zq-planted.example',
  paypal: 'zq.paypal@zq-planted.example',
  last4: 'zq-4711',
  browserIp: '198.51.100.177',
  metafield: 'Zqmetafield of a charge',
  creditNote: 'Zqcreditnote',
  bulkJob: 'Zqbulkjob',
  campaign: 'Zqcampaign',
  rejected: 'Zqrejected price',
  before: 'Zqnamebefore',
} as const

export const TEXTS: readonly string[] = Object.values(PLANTED)

const IDS = { charge: 1288450973, order: 905511284, subscription: 640118273, onetime: 640998410, address: 188240561 }
/** Ids of the records of the person, whose rows change. */
export const OWN: ReadonlySet<string> = new Set([
  PERSON,
  ...Object.values(IDS).map(String),
  '4400918827',
  '66120',
  '41822907',
  '771204',
  '1502288',
  '5520173',
  '990112',
  // Imported from a file.
  '7',
])

const P = PLANTED
const PLACE = {
  address1: P.address1,
  address2: P.address2,
  city: P.city,
  zip: P.zip,
  first_name: P.firstName,
  last_name: P.lastName,
  phone: P.phone,
}

/** A store in which the texts stand in all kinds of places of one person's records, and others have theirs. */
export function storeWithPerson(): Store {
  const store = makeFullStore({ customers: 6, months: 2 })
  const edit = (resource: string, id: number, change: StoreRecord): void => {
    store.edit(resource, id, change)
  }
  const listOf = (resource: string, id: number, list: string): readonly StoreRecord[] =>
    (member(store.get(resource, id) ?? {}, list) ?? []) as readonly StoreRecord[]
  edit('customers', Number(PERSON), {
    first_name: P.before,
    last_name: P.lastName,
    email: P.email,
    phone: P.phone,
    nickname: P.undeclared,
    analytics_data: { utm_params: [{ utm_campaign: P.campaign, utm_source: 'news' }] },
  })
  edit('addresses', IDS.address, {
    ...PLACE,
    order_note: P.orderNote,
    note_attributes: [{ name: 'rc_giftee_email', value: P.giftee }],
  })
  const lines = (resource: string, id: number): readonly StoreRecord[] =>
    listOf(resource, id, 'line_items').map((line, at) => ({
      ...line,
      properties: [{ name: 'Engraving', value: P.property }],
      ...(at === 0 ? { packed_by: P.undeclaredInList } : {}),
    }))
  for (const [resource, id] of [
    ['charges', IDS.charge],
    ['orders', IDS.order],
  ] as const)
    edit(resource, id, {
      billing_address: PLACE,
      shipping_address: PLACE,
      client_details: { browser_ip: P.browserIp, user_agent: 'Mozilla' },
      customer: { ...(store.get(resource, id)?.customer as StoreRecord), email: P.email },
      note: P.chargeNote,
      order_attributes: [{ name: 'wish', value: P.orderAttribute }],
      line_items: lines(resource, id),
      ...(resource === 'charges' ? { charge_attempts: P.mismatch } : {}),
    })
  // So that the API still returns them.
  const recently = store.now().getTime() - 2 * 86_400_000
  edit('charges', IDS.charge, { status: 'success', processed_at: utcText(recently) })
  edit('subscriptions', IDS.subscription, {
    cancellation_reason_comments: P.oldVersion,
    properties: [{ name: 'Engraving', value: P.property }],
  })
  edit('events', 4400918827, {
    created_at: easternText(recently),
    description: P.eventText,
    updated_attributes: [{ attribute: 'email', previous_value: P.eventAttribute, value: P.email }],
  })
  edit('gift_purchases', 66120, {
    sender_customer_id: Number(PERSON),
    sender_name: P.giftSender,
    gift_note: P.giftNote,
    recipient: { email: P.giftRecipient },
  })
  edit('payment_methods', 41822907, {
    billing_address: PLACE,
    payment_details: { last4: P.last4, paypal_email: P.paypal, exp_month: 7, exp_year: 2028 },
  })
  edit('credit_adjustments', 1502288, { note: P.creditNote })
  edit('metafields', 5520173, { owner_resource: 'charge', owner_id: IDS.charge, value: P.metafield })
  edit('async_batch_tasks', 990112, { body: { customer_id: Number(PERSON), text: P.bulkJob } })
  return store
}

/** What the person does later: older values stay in histories, and in bytes of rows that were replaced. */
export function changeLater(store: Store): void {
  store.advance(3_600_000)
  store.edit('customers', Number(PERSON), { first_name: P.firstName })
  store.edit('subscriptions', IDS.subscription, { cancellation_reason_comments: P.newVersion })
}

/** A value that has another type than declared, so that a strict configuration rejects the record. */
export function spoil(store: Store): void {
  store.advance(3_600_000)
  store.edit('onetimes', IDS.onetime, { price: P.rejected, properties: [{ name: 'a', value: P.property }] })
}

export { IDS }
