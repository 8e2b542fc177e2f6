import { homedir } from 'node:os'

/** `~/x` in the home of the user, as a shell writes it; any other path as it is. */
export const expandHome = (path: string): string => path.replace(/^~(?=\/|$)/, () => homedir())
