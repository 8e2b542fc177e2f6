import { code, row } from './markdown.ts'
import { type OwnerColumn, PERSONS } from './owner.ts'
import { ownerships } from './ownership.ts'
import { declaredTables } from './policy.ts'
import type { Stream } from './stream.ts'

/** How the person of each record is found, and which texts stay when a person is forgotten. For docs/forget.md. */
export function ownersTable(streams: readonly Stream[]): string {
  const all = ownerships(streams)
  return [
    row('stream', 'its person is the customer', 'where no customer is named', 'texts that stay'),
    row('---', '---', '---', '---'),
    ...streams.flatMap(stream => {
      const ownership = all.get(stream.name)
      if (ownership === undefined) return []
      const { direct, indirect, contact, mentions } = ownership
      const others = [
        ...indirect.map(columnText),
        ...(contact === null || stream.name === PERSONS ? [] : [`the address in ${code(contact)}`]),
        ...(mentions.length === 0 ? [] : [`an id or an address anywhere in ${mentions.map(code).join(' or ')}`]),
      ]
      return [
        row(
          code(stream.name),
          stream.name === PERSONS ? 'itself' : direct.map(({ column }) => code(column)).join(' or ') || '',
          stream.name === PERSONS ? '' : others.join('; '),
          keptTexts(stream),
        ),
      ]
    }),
  ].join('\n')
}

const columnText = ({ column, stream, when }: OwnerColumn): string =>
  `${code(column)} in ${stream}${when === null ? '' : ` where ${code(when.column)} is ${when.value}`}`

function keptTexts(stream: Stream): string {
  const [root = '', ...lists] = declaredTables(stream).keys()
  const kept = (table: string): string[] =>
    Object.entries(declaredTables(stream).get(table) ?? {})
      .filter(([, { kind, personal, sensitive }]) => (kind === 'text' || kind === 'json') && !personal && !sensitive)
      .map(([name]) => code(name))
  return [
    ...kept(root),
    ...lists.flatMap(list => {
      const names = kept(list)
      return names.length === 0 ? [] : [`of ${code(list)}: ${names.join(', ')}`]
    }),
  ].join(', ')
}
