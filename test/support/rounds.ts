/** Set by `npm run test:long`. */
const LONG = process.env.TEST_LONG === '1'

/** How often something dear is repeated: `usual` times by default, `long` times in a long run. */
export const rounds = (usual: number, long: number): number => (LONG ? long : usual)
