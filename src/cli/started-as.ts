/** How this program was started, as help texts and examples show it: in a checkout, or as an installed package. */
export const STARTED_AS = import.meta.url.endsWith('.ts') ? 'npm run -s cli --' : 'npx recharge-sync'
