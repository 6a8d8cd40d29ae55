// State events of a state, as stored.

import type { ReadTx } from '../../storage/database.ts';
import { eventsByNid, type StoredEvent } from '../../storage/stores/events.ts';
import type { StateKeyPair } from '../state/room-state.ts';
import { allEntries, getEntries } from '../state-tree/read-entries.ts';
import type { NodeHash } from '../state-tree/state-node.ts';
import type { Reading } from './room-reader.ts';

/** More at once would push out what others ask for. */
const REMEMBERED_MAX = 200;

/** All, or those under the given keys that are set; in no particular order. Throws DamagedStateError. */
export const stateEvents = async (
  reading: Reading,
  tx: ReadTx,
  root: NodeHash,
  pairs?: readonly StateKeyPair[],
): Promise<StoredEvent[]> => {
  const source = reading.state.sourceIn(tx);
  if (!pairs) return eventsByNid(tx, [...(await allEntries(source, root)).values()]);
  const keys = await reading.names.findStateKeysIn(tx, pairs);
  const known = keys.filter((key) => key !== undefined);
  const nids = [...(await getEntries(source, root, known)).values()];
  return nids.length > REMEMBERED_MAX ? eventsByNid(tx, nids) : reading.memory.byNid(tx, nids);
};
