import { EMAIL } from '../schema/forgotten.ts'

/** Members that hold the id of a record which may belong to a person, as bodies of bulk jobs name them. */
const MEMBERS: ReadonlyMap<string, string> = new Map([
  ['customer_id', 'customers'],
  ['address_id', 'addresses'],
  ['subscription_id', 'subscriptions'],
  ['onetime_id', 'onetimes'],
  ['charge_id', 'charges'],
  ['order_id', 'orders'],
  ['payment_method_id', 'payment_methods'],
  ['credit_account_id', 'credit_accounts'],
])

/** An id as text; null: the value is none. */
export function idText(value: unknown): string | null {
  const text = JSON.isRawJSON(value) ? value.rawJSON : typeof value === 'number' ? String(value) : value
  return typeof text === 'string' && /^\d{1,19}$/.test(text.trim()) ? text.trim() : null
}

/** Whether JSON of any shape names a record, or has an email address as a whole text, that `has` knows. */
export function mentionsAny(json: unknown, has: (of: string, key: string) => boolean): boolean {
  const open: { name: string; value: unknown }[] = [{ name: '', value: json }]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { name, value } = next
    const of = MEMBERS.get(name)
    const id = of === undefined ? null : idText(value)
    if (of !== undefined && id !== null && has(of, id)) return true
    if (typeof value === 'string' && value.includes('@') && has(EMAIL, value)) return true
    if (typeof value !== 'object' || value === null || JSON.isRawJSON(value)) continue
    for (const [member, inner] of Object.entries(value))
      open.push({ name: Array.isArray(value) ? name : member, value: inner })
  }
  return false
}
