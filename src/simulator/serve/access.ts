import type { Json } from '../record.ts'
import { type Answer, json, Refusal, unprocessable } from './answer.ts'
import type { Endpoint } from './endpoint.ts'

export const READ_SCOPES = [
  'read_accounts',
  'read_batches',
  'read_credit_accounts',
  'read_credit_adjustments',
  'read_customers',
  'read_discounts',
  'read_events',
  'read_gift_purchases',
  'read_orders',
  'read_payment_methods',
  'read_products',
  'read_subscriptions',
  'store_info',
] as const

export interface Rights {
  readonly scopes: readonly string[]
  readonly plan: 'pro' | 'standard'
}

const OWNER_SCOPES: Readonly<Record<string, readonly string[]>> = {
  address: ['read_customers', 'read_addresses'],
  customer: ['read_customers'],
  charge: ['read_orders', 'read_charges'],
  order: ['read_orders'],
  subscription: ['read_subscriptions'],
  store: ['store_info', 'read_store'],
}

export function checkRights(endpoint: Endpoint, rights: Rights): void {
  if (endpoint.proOnly && rights.plan === 'standard') {
    throw new Refusal(403, { errors: 'This feature is not included in your plan' })
  }
  checkScopes(endpoint.scopes, rights)
}

/** A list of metafields needs the scope of the records that they belong to. */
export function checkOwner(owner: string | undefined, rights: Rights): void {
  if (owner === undefined) throw unprocessable('owner_resource', 'Missing data for required field.')
  const scopes = OWNER_SCOPES[owner]
  if (!scopes) throw unprocessable('owner_resource', `Not a valid choice: ${owner}`)
  checkScopes(scopes, rights)
}

function checkScopes(anyOf: readonly string[], { scopes }: Rights): void {
  if (anyOf.length === 0 || anyOf.some(scope => scopes.includes(scope))) return
  throw new Refusal(403, { errors: `Your API token is missing the scope ${anyOf[0]}` })
}

export interface Client {
  readonly name: string
  readonly contact_email: string
}

export const CLIENT: Client = { name: 'Kettle & Crane', contact_email: 'ops@kettle-crane.example' }

/** Clients have met both forms. */
export function tokenInformation({ scopes }: Rights, client: Client, wrapped: boolean): Answer {
  const information: Json = {
    client: { ...client },
    contact_email: 'data@kettle-crane.example',
    name: 'Warehouse sync',
    scopes: [...scopes],
  }
  return json(wrapped ? { token_information: information } : information)
}
