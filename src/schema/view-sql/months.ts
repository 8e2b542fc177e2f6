/** The SQL of the first day of a day's month. A day is cast to a timestamp, because Postgres would make it an instant. */
export const monthOf = (day: string): string => `cast(date_trunc('month', cast(${day} as timestamp)) as date)`

/** The SQL of the month as a number: months that follow each other have numbers that follow each other. */
export const monthNumber = (day: string): string =>
  `cast(extract(year from ${day}) * 12 + extract(month from ${day}) as bigint)`

/** The SQL of the first day of the month after the month that begins with this day. */
export const nextMonth = (month: string): string => `cast(cast(${month} as timestamp) + interval '1 month' as date)`
