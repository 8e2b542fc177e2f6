/**
 * Cases of the issue whose mending is not there yet. What belongs to them is left out of the soak, so that it finds only
 * what is new. It has to be empty in the end.
 */
export const KNOWN: ReadonlySet<string> = new Set<string>([
  'K1/1',
  'K1/2',
  'K1/3',
  'K1/4',
  'K2/5',
  'K2/7',
  'K2/8',
  'K2/9',
  'K3/10',
  'K3/11',
  'K4/14',
  'K4/15',
  'K4/16',
  'K4/17',
  'K4/18',
  'K6/23',
  'K6/24',
  'K6/25',
  'K6/27',
  // Found by the soak itself.
  // `reset STREAM`, which the error advises, reads the checkpoint first and fails with the same error.
  'S/1',
  // A scan that was interrupted and is resumed ends as complete, and what it had read before is of an earlier run: of a
  // stream that is read whole, or in no order of time, a change since then is missing. Only `complete_to` shows it.
  'S/2',
])
