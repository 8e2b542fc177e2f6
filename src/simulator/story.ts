import { RESOURCES } from './record.ts'
import { Store } from './store.ts'
import { stockUp } from './story/assortment.ts'
import { storeNote } from './story/metafields.ts'
import { furnish } from './story/office.ts'
import { person } from './story/people.ts'
import { subscribe } from './story/renewal.ts'
import { Scene } from './story/scene.ts'
import { perhapsMore } from './story/sidelines.ts'
import { BUSINESS } from './story/traits.ts'
import { DAY, HOUR, MINUTE, SECOND } from './time.ts'

export interface StoryOptions {
  readonly seed?: number
  readonly customers?: number
  readonly months?: number
  readonly now?: string
}

const MONTH = 30 * DAY

/**
 * The history of an invented coffee shop, lived day by day up to `now`. The same options give the
 * same store, to the last byte.
 */
export function makeStore(options: StoryOptions = {}): Store {
  return open(options).store
}

/** A store whose story goes on. */
export interface LivingStore {
  readonly store: Store
  /** Moves the clock, and lets happen what happens until then. */
  liveTo(now: string | Date): void
}

/** @param newcomers customers who come evenly over the `days` that follow. */
export function makeLivingStore(options: StoryOptions, newcomers: number, days: number): LivingStore {
  const scene = open(options)
  const from = scene.now
  for (let i = 0; i < newcomers; i += 1)
    arrive(scene, from + Math.floor((scene.random.next() * days * DAY) / SECOND) * SECOND)
  return living(scene)
}

function living(scene: Scene): LivingStore {
  const { store, diary } = scene
  return {
    store,
    liveTo(now) {
      store.setNow(now)
      diary.run(scene.now - MINUTE)
      // The story writes to the records that it made: what was derived from them before is void.
      for (const resource of RESOURCES) {
        const table = store.table(resource)
        for (const row of [...table.by('id').after(undefined, 'asc')]) table.put(row.id, row.record)
      }
    },
  }
}

export interface BusinessOptions {
  readonly seed?: number
  readonly customers?: number
  /** When the shop opens, when its story begins to be watched, and when it ends. */
  readonly opening: number
  readonly from: number
  readonly until: number
  /**
   * Up to when its customers are planned: what is planned after `until` does not happen. Stories that differ only in
   * `until` are one story, told to different ends. Default: `until`.
   */
  readonly plannedTo?: number
}

/** A varied shop that grows from its opening on. At first it has lived up to `from`; it may live up to `until`. */
export function makeBusiness({
  seed = 1,
  customers = 400,
  opening,
  from,
  until,
  plannedTo = until,
}: BusinessOptions): LivingStore {
  const scene = new Scene(new Store(new Date(from)), seed, BUSINESS)
  begin(scene, opening, plannedTo, customers)
  const span = plannedTo - opening
  scene.diary.add(opening + Math.floor((span * 0.62) / DAY) * DAY + 15 * HOUR, at => {
    scene.dearer.add('House Blend')
    for (const tell of scene.onDearer) tell('House Blend', at)
  })
  // Late enough for the events that tell of it to be served at the end.
  scene.diary.add(until - 3 * DAY, at => {
    for (const remove of scene.toDelete) remove(at)
  })
  scene.diary.run(from - MINUTE)
  return living(scene)
}

function open({ seed = 1, customers = 200, months = 18, now = '2026-11-20T12:00:00Z' }: StoryOptions): Scene {
  const scene = new Scene(new Store(now), seed)
  const opening = scene.now - Math.max(1, Math.round(months * MONTH))
  begin(scene, opening, scene.now, customers)
  // What takes a few seconds must be over before the clock is read.
  scene.diary.run(scene.now - MINUTE)
  return scene
}

/** The shop, and the customers who will come until a time. */
function begin(scene: Scene, opening: number, until: number, customers: number): void {
  furnish(scene, opening)
  stockUp(scene, opening)
  storeNote(scene, opening)
  const span = until - opening - 6 * HOUR
  // More and more of them as the shop gets known.
  for (let i = 0; i < customers; i += 1)
    arrive(scene, opening + Math.floor((span * Math.sqrt(scene.random.next())) / SECOND) * SECOND)
}

function arrive(scene: Scene, at: number): void {
  scene.diary.add(at, then => {
    const someone = person(scene, then)
    subscribe(scene, someone, then + 5 * SECOND)
    perhapsMore(scene, someone, then)
  })
}
