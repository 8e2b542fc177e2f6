import fc from 'fast-check'
import { afterAll, expect } from 'vitest'
import { Random } from '../../src/simulator/story/random.ts'
import { dropFirstLoads } from './first-load.ts'

/*
 * Runs before each test file. Whatever is drawn in it, by a test, a property or the program under test, comes from the
 * seed of the run, which `closing-line.ts` prints when a test fails; TEST_SEED repeats it. Each file draws a sequence
 * of its own, whichever other files run.
 */
const seed = Number(process.env.TEST_SEED)
if (!Number.isInteger(seed)) throw new Error(`TEST_SEED is ${process.env.TEST_SEED}: give a whole number`)
const { testPath = '' } = expect.getState()
const random = new Random(Array.from(testPath.slice(testPath.lastIndexOf('/test/'))).reduce(mix, seed))
Math.random = () => random.next()
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed })

afterAll(dropFirstLoads)

function mix(state: number, letter: string): number {
  return Math.imul(state ^ letter.charCodeAt(0), 0x01000193)
}
