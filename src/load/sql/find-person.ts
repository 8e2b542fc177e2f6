import { sql } from 'kysely'
import { addTexts } from '../../common/erase-texts.ts'
import { parseExact } from '../../common/exact-json.ts'
import { mentionsAny } from '../../common/mentions.ts'
import { EMAIL } from '../../schema/forgotten.ts'
import { identifier } from '../../schema/name.ts'
import { PERSONS } from '../../schema/owner.ts'
import type { Stream } from '../../schema/stream.ts'
import type { FoundPerson, Persons } from '../forgetting.ts'
import type { Context } from './context.ts'
import type { Session } from './engine.ts'
import { belongsTo, hasEmail, hasValue, isIn, type PersonTables, personTables } from './person-tables.ts'

/** The ids of customers that have an email address, also of those that only other records name. */
export async function customersWith(
  session: Session,
  context: Context,
  streams: readonly Stream[],
  email: string,
): Promise<readonly string[]> {
  const found = new Set<string>()
  for (const { ownership, root } of await personTables(session, context, streams)) {
    const [owner] = ownership.direct
    if (ownership.contact === null || owner === undefined) continue
    const { rows } = await sql<{ id: string }>`
      select distinct cast(${sql.ref(identifier(owner.column))} as text) as id
      from ${sql.table(`${context.schema}.${root.table.name}`)}
      where ${sql.ref(identifier(owner.column))} is not null
        and ${hasEmail(ownership.contact, new Set([email.trim().toLowerCase()]), text => context.salt.digest(text))}`.execute(
      session.db,
    )
    for (const { id } of rows) found.add(id)
  }
  return [...found].sort()
}

/** Finds all records of these customers, and what is personal in them. Writes nothing. */
export async function findPerson(
  session: Session,
  context: Context,
  streams: readonly Stream[],
  start: Persons,
): Promise<Omit<FoundPerson, 'rows'>> {
  const all = await personTables(session, context, streams)
  const ids = new Map<string, Set<string>>([[PERSONS, new Set(start.ids.get(PERSONS))]])
  const emails = new Set(start.emails)
  const own = { ids, emails }
  // A record may belong to a person through one that is found later, so it goes on until nothing is new.
  for (let before = -1, size = 0; before !== size; ) {
    before = size
    for (const tables of all) {
      if (tables.stream.key.length !== 1) continue
      const known = ids.get(tables.stream.name) ?? new Set()
      for (const key of await keysOf(session, context, tables, own)) known.add(key)
      ids.set(tables.stream.name, known)
    }
    for (const email of await emailsOf(session, context, all, own)) emails.add(email)
    size = [...ids.values()].reduce((sum, { size }) => sum + size, emails.size)
  }
  const texts = new Set<string>()
  const touched = new Set<string>()
  for (const tables of all) for (const name of await textsOf(session, context, tables, own, texts)) touched.add(name)
  return { ids, emails, texts, tables: [...touched].sort() }
}

async function keysOf(
  session: Session,
  { schema, salt }: Context,
  { stream, ownership, root }: PersonTables,
  persons: Persons,
): Promise<readonly string[]> {
  const [key = ''] = root.table.key
  const from = sql.table(`${schema}.${root.table.name}`)
  const { rows } = await sql<{ key: string }>`
    select cast(${sql.ref(key)} as text) as key from ${from}
    where ${belongsTo(ownership, persons, email => salt.digest(email))}`.execute(session.db)
  const found = rows.map(row => row.key)
  for (const mentioned of ownership.mentions) {
    const column = sql.ref(identifier(mentioned))
    const { rows: bodies } = await sql<{ key: string; body: string }>`
      select cast(${sql.ref(key)} as text) as key, cast(${column} as text) as body from ${from}
      where ${column} is not null`.execute(session.db)
    const has = (of: string, id: string): boolean =>
      of === EMAIL ? persons.emails.has(id.trim().toLowerCase()) : persons.ids.get(of)?.has(id) === true
    found.push(...bodies.filter(({ body }) => mentionsAny(parseExact(body), has)).map(row => row.key))
  }
  return stream.key.length === 1 ? found : []
}

/** The addresses of the persons that no other customer has. */
async function emailsOf(
  session: Session,
  { schema, salt }: Context,
  all: readonly PersonTables[],
  persons: Persons,
): Promise<readonly string[]> {
  const theirs = new Set<string>()
  const others = new Set<string>()
  for (const { ownership, root } of all) {
    if (ownership.contact === null) continue
    const contact = sql.ref(identifier(ownership.contact))
    const from = sql.table(`${schema}.${root.table.name}`)
    const isTheirs = belongsTo(ownership, { ...persons, emails: new Set() }, email => salt.digest(email))
    const of = async (condition: ReturnType<typeof belongsTo>): Promise<readonly string[]> => {
      const { rows } = await sql<{ email: string }>`
        select distinct lower(trim(${contact})) as email from ${from}
        where ${contact} is not null and ${condition}`.execute(session.db)
      return rows.map(({ email }) => email).filter(email => email.includes('@'))
    }
    for (const email of await of(isTheirs)) theirs.add(email)
    const [owner] = ownership.direct
    if (owner === undefined || theirs.size === 0) continue
    const column = sql.ref(identifier(owner.column))
    const isOthers = sql<boolean>`(${column} is not null and not ${isIn(identifier(owner.column), persons.ids.get(PERSONS))}
      and lower(trim(${contact})) in (${sql.join([...theirs])}))`
    for (const email of await of(isOthers)) others.add(email)
  }
  return [...theirs].filter(email => !others.has(email))
}

/** Adds the personal texts of the rows. @returns the tables of the stream, if the person has rows in one. */
async function textsOf(
  session: Session,
  { schema, salt }: Context,
  { stream, ownership, root, children, history }: PersonTables,
  persons: Persons,
  texts: Set<string>,
): Promise<readonly string[]> {
  const keys = stream.key.length === 1 ? (persons.ids.get(stream.name) ?? new Set<string>()) : null
  const [key = ''] = root.table.key
  const isTheirs = keys === null ? belongsTo(ownership, persons, email => salt.digest(email)) : isIn(key, keys)
  const all = [root, ...(history === null ? [] : [history])]
  const parts = [
    ...all.map(part => ({ part, where: isTheirs })),
    ...children.map(part => ({ part, where: isIn(part.table.key[0] ?? '', keys ?? undefined) })),
  ]
  let has = false
  for (const { part, where } of parts) {
    if (part.erased.length === 0) continue
    const columns = part.erased.map(name => sql`cast(${sql.ref(name)} as text) as ${sql.ref(name)}`)
    const { rows } = await sql<Record<string, string | null>>`
      select ${sql.join(columns)} from ${sql.table(`${schema}.${part.table.name}`)}
      where ${where} and ${hasValue(part.erased)}`.execute(session.db)
    for (const row of rows) for (const value of Object.values(row)) addTexts(value, texts)
  }
  const { rows: found } = await sql<{ n: string }>`
    select cast(count(*) as text) as n from ${sql.table(`${schema}.${root.table.name}`)} where ${isTheirs}`.execute(
    session.db,
  )
  has = Number(found[0]?.n ?? 0) > 0
  return has ? parts.map(({ part }) => part.table.name) : []
}
