/** Set by `npm run test:long`. */
export const LONG = process.env.TEST_LONG === '1'

/** How often something dear is repeated, or what is repeated: `usual` by default, `long` in a long run. */
export const rounds = <T>(usual: T, long: T): T => (LONG ? long : usual)
