/** What kind of business the story is about. */
export interface Traits {
  /** Share of customers who leave within a month. In the first interval of a business it is twice that. */
  readonly monthlyChurn: number
  /** Share of those who left and come back. */
  readonly comesBack: number
  /** Share of charges that are declined at first. */
  readonly declined: number
  /** Share of further attempts that work. */
  readonly recovers: number
  /** Days from each attempt to the next; after the last one the subscriptions are cancelled. */
  readonly retryDays: readonly number[]
  /** Share of customers who pay for several deliveries at once. */
  readonly prepays: number
  /** Whether there is everything below that a plain shop does not have. */
  readonly isVaried: boolean
}

/** The shop of most tests. Its draws of chance never change, because tests rest on what they give. */
export const PLAIN: Traits = {
  monthlyChurn: 0.05,
  comesBack: 0.2,
  declined: 0.06,
  recovers: 0.4,
  retryDays: [4, 4, 4],
  prepays: 0.08,
  isVaried: false,
}

/**
 * The shop of the demo: months and days as intervals, a second currency, subscriptions that end after some charges, one
 * rise of prices, changes of quantity and interval, additional subscriptions, orders in error and cancelled, records that
 * are deleted. A prepaid charge has its price on the first order; the later ones cost nothing, and only they are tagged.
 */
export const BUSINESS: Traits = {
  monthlyChurn: 0.026,
  comesBack: 0.3,
  declined: 0.055,
  recovers: 0.17,
  // How Recharge tries again unless a shop says otherwise: the next day, then six times every six days.
  retryDays: [1, 6, 6, 6, 6, 6, 6],
  prepays: 0.07,
  isVaried: true,
}

/** Chances of what only a varied business has. */
export const VARIED = {
  /** Of a prepaid box: its subscriptions are cancelled after the checkout, and it still ships. */
  paysOnce: 0.3,
  /** Of a box: it ends after a number of charges. */
  expires: 0.06,
  /** Of an order that is placed: the shop cannot take it at first, or the shop cancels it a day later. */
  orderFails: 0.008,
  orderCancelled: 0.006,
  /** Of an order that failed: it is shipped later; of the others: it is deleted. */
  orderRepaired: 0.6,
  orderDeleted: 0.4,
  /** Of a customer who left: all that the shop knows of them is deleted, or only their subscriptions. */
  erased: 0.06,
  subscriptionsDeleted: 0.06,
  /** Canadian cents for an American one. */
  canadian: 1.35,
} as const
