// The nids of the keys by which the events of a batch are judged, asked for once.

import type { StateKeyPair } from '../state/room-state.ts';
import type { Batch } from './batch.ts';

/** By type and state key; also of keys that nobody has used yet (undefined): those of the batch's own events got nids before. */
export type StateKeyNids = Map<string, Map<string, number | undefined>>;

/** In the order of the question. undefined: nobody has used the key, and no state has anything there. */
export const nidsOf = async (
  { engine, stateKeys }: Batch,
  pairs: readonly StateKeyPair[],
): Promise<(number | undefined)[]> => {
  if (!pairs.every(([type, stateKey]) => stateKeys.get(type)?.has(stateKey))) {
    const found = await engine.names.findStateKeys(pairs);
    for (const [index, [type, stateKey]] of pairs.entries()) {
      const ofType = stateKeys.get(type) ?? new Map<string, number | undefined>();
      stateKeys.set(type, ofType.set(stateKey, found[index]));
    }
  }
  return pairs.map(([type, stateKey]) => stateKeys.get(type)!.get(stateKey));
};
