import type { Draft, Json, ResourceName } from '../record.ts'
import { DAY, easternText } from '../time.ts'
import type { Scene } from './scene.ts'

interface Kind {
  readonly owner: string
  readonly share: number
  readonly namespace: string
  readonly key: string
  readonly description: string | null
  readonly value: (scene: Scene) => readonly [value: string, type: 'string' | 'integer' | 'json_string']
}

/** Whose records carry notes of other programs, and how many of them do. */
const KINDS: Partial<Record<ResourceName, Kind>> = {
  customers: {
    owner: 'customer',
    share: 0.3,
    namespace: 'survey',
    key: 'referral_channel',
    description: 'How the buyer found us',
    value: ({ random }) => [random.pick(['podcast', 'a friend', 'search', '']), 'string'],
  },
  addresses: {
    owner: 'address',
    share: 0.1,
    namespace: 'courier',
    key: 'floor',
    description: null,
    value: ({ random }) => [String(random.between(0, 9)), 'integer'],
  },
  subscriptions: {
    owner: 'subscription',
    share: 0.12,
    namespace: 'quiz',
    key: 'taste',
    description: null,
    value: ({ random }) => [JSON.stringify({ roast: random.between(1, 5), milk: random.chance(0.4) }), 'json_string'],
  },
  charges: {
    owner: 'charge',
    share: 0.03,
    namespace: 'risk',
    key: 'score',
    description: null,
    value: ({ random }) => [String(random.between(0, 100)), 'integer'],
  },
  orders: {
    owner: 'order',
    share: 0.04,
    namespace: 'warehouse',
    key: 'bin',
    description: 'Where it was packed',
    value: ({ random }) => [`R${random.between(1, 12)}`, 'string'],
  },
}

export function perhapsNote(scene: Scene, resource: ResourceName, owner: Json, at: number): void {
  const kind = KINDS[resource]
  if (!kind || !scene.random.chance(kind.share)) return
  const [value, type] = kind.value(scene)
  const note = scene.add('metafields', metafield(scene, kind, owner, value, type, at))
  if (!scene.random.chance(0.1)) return
  scene.diary.add(at + scene.random.between(2, 90) * DAY, then => {
    const [changed] = kind.value(scene)
    Object.assign(note, { value: changed, updated_at: easternText(then) })
  })
}

export function storeNote(scene: Scene, at: number): void {
  const kind = { owner: 'store', namespace: 'theme', key: 'accent', description: null }
  scene.add('metafields', metafield(scene, kind, scene.store.all('store')[0]?.id, '#7a3b1d', 'string', at))
}

function metafield(
  scene: Scene,
  { owner, namespace, key, description }: Pick<Kind, 'owner' | 'namespace' | 'key' | 'description'>,
  ownerId: Json,
  value: string,
  type: string,
  at: number,
): Draft {
  return {
    id: scene.id('metafields'),
    // Written as text by some and as a number by others.
    owner_id: scene.random.chance(0.05) ? String(ownerId) : ownerId,
    created_at: easternText(at),
    description,
    key,
    namespace,
    owner_resource: owner,
    updated_at: easternText(at),
    value,
    value_type: type,
  }
}
