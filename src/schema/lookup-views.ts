import { int, text } from './column.ts'
import { valuesOf } from './values-of.ts'
import { type View, view } from './view.ts'

/** What a user says about the views. */
export interface AnalyticsSettings {
  /** Name in the time zone database, or `store`: the zone that the store itself says. */
  readonly zone: string
  /** Products that no metric counts, such as gift cards. */
  readonly excludedSkus: readonly string[]
  /** Texts that cancellation reasons contain, by the group of the reason. The groups come before those of the program. */
  readonly reasonGroups: Groups
  /** Error types of charges, by group. They replace what the program says of the same types. */
  readonly errorGroups: Groups
}

export type Groups = Readonly<Record<string, readonly string[]>>

/** The zone in which the API counts days, and Recharge's dashboards report. */
export const DEFAULT_ZONE = 'America/New_York'
/** In place of a zone: that of the store. */
export const STORE_ZONE = 'store'

export const DEFAULT_ANALYTICS: AnalyticsSettings = {
  zone: DEFAULT_ZONE,
  excludedSkus: [],
  reasonGroups: {},
  errorGroups: {},
}

/** The group of reasons that say that the payment failed: the customer was lost passively. */
export const PASSIVE_GROUP = 'payment_failed'

/** The first three texts are those that public code of shops shows. The others group what customers are usually asked. */
const REASON_GROUPS: Groups = {
  [PASSIVE_GROUP]: ['max number of charge attempts', 'max retries', 'failed payment'],
  too_much: ['too much', 'too many', 'more than i need', 'have enough'],
  price: ['expensive', 'price', 'afford', 'budget'],
  other_product: ['another', 'competitor', 'switch', 'alternative', 'different product'],
  product: ['quality', 'taste', 'not like', "n't like", 'satisf', 'not work', "n't work", 'allerg'],
  delivery: ['deliver', 'shipping', 'shipment'],
  moving: ['moving', 'moved', 'travel'],
  mistake: ['mistake', 'accident', 'did not mean'],
  not_needed: ['no longer', 'not need', "n't need", 'not us', "n't us"],
}

/** Only error types that the API's documentation and recorded answers name. Every other one is in the group `other`. */
const ERROR_GROUPS: Groups = {
  max_retries: ['CLOSED_MAX_RETRIES_REACHED'],
  customer: ['CUSTOMER_NEEDS_TO_UPDATE_CARD'],
}

/** The views that make the settings a part of the warehouse, so that other views can join them. */
export function lookupViews({ excludedSkus, reasonGroups, errorGroups }: AnalyticsSettings): readonly View[] {
  const reasons = [...pairs(reasonGroups), ...pairs(REASON_GROUPS)].map(([group, pattern]) => ({
    pattern: pattern.toLowerCase(),
    group,
  }))
  const errors = new Map([...pairs(ERROR_GROUPS), ...pairs(errorGroups)].map(([group, type]) => [type, group]))
  return [
    view({
      name: 'excluded_skus',
      layer: 'metrics',
      doc: 'Products that no metric counts, from the setting `analytics.excluded_skus`. Gift cards may belong here, because their value is counted again when they are spent.',
      grain: ['sku'],
      columns: { sku: text('SKU of the product, as an order line has it.') },
      sql: valuesOf(
        { sku: 'text' },
        [...new Set(excludedSkus)].map(sku => [sku]),
      ),
    }),
    view({
      name: 'reason_groups',
      layer: 'metrics',
      doc: 'How cancellation reasons are grouped, from the setting `analytics.reason_groups` and, after those, from the program. A reason belongs to the first group, by position, whose pattern it contains in lower case.',
      grain: ['position'],
      columns: {
        position: int('Order in which the patterns are tried, from 1.'),
        pattern: text('A text in lower case.'),
        reason_group: text(
          `Name of the group. The reasons in \`${PASSIVE_GROUP}\` say that the payment failed, which is passive churn.`,
        ),
      },
      sql: valuesOf(
        { position: 'bigint', pattern: 'text', reason_group: 'text' },
        reasons.map(({ pattern, group }, i) => [i + 1, pattern, group]),
      ),
    }),
    view({
      name: 'error_groups',
      layer: 'metrics',
      doc: 'How the error types of charges are grouped, from the program and from the setting `analytics.error_groups`. A type that is not listed is in the group `other`.',
      grain: ['error_type'],
      columns: {
        error_type: text('Error type of a charge, as the API sends it.'),
        error_group: text(
          'Name of the group: `customer`: the customer has to act; `max_retries`: no further attempt is made. A setting may use others, such as `processor` and `shop`.',
        ),
      },
      sql: valuesOf({ error_type: 'text', error_group: 'text' }, [...errors]),
    }),
  ]
}

const pairs = (groups: Groups): (readonly [group: string, member: string])[] =>
  Object.entries(groups).flatMap(([group, members]) => members.map(member => [group, member] as const))
