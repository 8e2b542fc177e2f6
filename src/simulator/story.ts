import { Store } from './store.ts'
import { stockUp } from './story/assortment.ts'
import { storeNote } from './story/metafields.ts'
import { furnish } from './story/office.ts'
import { person } from './story/people.ts'
import { subscribe } from './story/renewal.ts'
import { Scene } from './story/scene.ts'
import { perhapsMore } from './story/sidelines.ts'
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
  const { seed = 1, customers = 200, months = 18, now = '2026-11-20T12:00:00Z' } = options
  const store = new Store(now)
  const scene = new Scene(store, seed)
  const opening = scene.now - Math.max(1, Math.round(months * MONTH))
  furnish(scene, opening)
  stockUp(scene, opening)
  storeNote(scene, opening)
  const span = scene.now - opening - 6 * HOUR
  for (let i = 0; i < customers; i += 1) {
    // More and more of them as the shop gets known.
    const at = opening + Math.floor((span * Math.sqrt(scene.random.next())) / SECOND) * SECOND
    scene.diary.add(at, then => {
      const someone = person(scene, then)
      subscribe(scene, someone, then + 5 * SECOND)
      perhapsMore(scene, someone, then)
    })
  }
  // What takes a few seconds must be over before the clock is read.
  scene.diary.run(scene.now - MINUTE)
  return store
}
