import { nextMonth } from './months.ts'

/**
 * The SQL of whether the charges of a month are complete: it begins after `complete_from`, and no gap touches it. Outside,
 * paid charges are missing and failed ones are not, so that a rate would be wrong.
 * @param month its first day.
 * @param completeFrom `complete_from` of charges, from the view `completeness`.
 */
export const chargesAreComplete = (month: string, completeFrom: string): string => `(
      coalesce(cast(${month} as timestamp) at time zone {{zone}} >= ${completeFrom}, false)
      and not exists (
        select 1
        from {{table _sync_gaps}} as g
        where g.stream = 'charges'
          and cast(g."from" at time zone {{zone}} as date) < ${nextMonth(month)}
          and cast(g."to" at time zone {{zone}} as date) >= ${month}
      )
    )`
