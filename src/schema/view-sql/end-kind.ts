import { PASSIVE_GROUP } from '../lookup-views.ts'
import type { ViewColumn } from '../view.ts'

/**
 * Why subscriptions ended, as members of a WITH clause. They read a relation `ends` with the columns subscription_id,
 * ended_at, status, reason and max_retries, and make `end_kinds` with subscription_id, ended_at, end_kind and reason_group.
 * A charge is matched to the end by the time of its last change, as the third rule of passive churn says. 168 hours are seven
 * days whatever the zone of the session.
 */
export const END_KINDS = `
grouped_reasons as (
  select r.reason, g.reason_group, row_number() over (partition by r.reason order by g.position) as n
  from (select distinct reason from ends where reason is not null) as r
  join {{reason_groups}} as g on strpos(lower(r.reason), g.pattern) > 0
),
exhausted as materialized (
  select l.purchase_item_id as subscription_id, c.updated_at
  from {{charges}} as c join {{charges__line_items}} as l on l.charge_id = c.id
  where lower(c.status) = 'error' and c.error_type = 'CLOSED_MAX_RETRIES_REACHED' and l.purchase_item_type = 'subscription'
),
ended_by_charge as (
  select distinct e.subscription_id, e.ended_at
  from ends as e join exhausted as x on x.subscription_id = e.subscription_id
  where x.updated_at <= e.ended_at and x.updated_at >= e.ended_at - interval '168 hours'
),
end_kinds as (
  select e.subscription_id, e.ended_at, e.reason,
    case when e.reason is not null then coalesce(g.reason_group, 'other') end as reason_group,
    case
      when e.status = 'expired' then 'completed'
      when g.reason_group = '${PASSIVE_GROUP}' or e.max_retries or b.subscription_id is not null then 'passive_churn'
      else 'active_churn'
    end as end_kind
  from ends as e
  left join grouped_reasons as g on g.reason = e.reason and g.n = 1
  left join ended_by_charge as b on b.subscription_id = e.subscription_id and b.ended_at = e.ended_at
)`

export const endKind = (doc: string): ViewColumn => ({
  kind: 'text',
  doc: `${doc} completed: it had all its charges (expired). passive_churn: payment failed, by the reason, by max_retries_reached, or by a charge of it that ran out of attempts in the seven days before. active_churn: any other, by the customer or the shop.`,
  values: ['active_churn', 'passive_churn', 'completed'],
})
