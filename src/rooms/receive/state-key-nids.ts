// The nids of the keys by which the events of a batch are judged, asked for once.

import { type StateKey, stateKeyOf } from '../../protocol/state-resolution/state-key.ts';
import type { StateKeyPair } from '../state/room-state.ts';
import type { Batch } from './batch.ts';

/** Also of keys that nobody has used yet (undefined): those of the batch's own events got their nids before. */
export type StateKeyNids = Map<StateKey, number | undefined>;

/** In the order of the question. undefined: nobody has used the key, and no state has anything there. */
export const nidsOf = async (
  { engine, stateKeys }: Batch,
  pairs: readonly StateKeyPair[],
): Promise<(number | undefined)[]> => {
  const keys = pairs.map(([type, stateKey]) => stateKeyOf(type, stateKey));
  const absent = pairs.filter((_, index) => !stateKeys.has(keys[index]!));
  const found = absent.length === 0 ? [] : await engine.names.findStateKeys(absent);
  for (const [index, [type, stateKey]] of absent.entries()) stateKeys.set(stateKeyOf(type, stateKey), found[index]);
  return keys.map((key) => stateKeys.get(key));
};
