// Which of a server's users were in a room, in one of its states.

import { LruCache } from '../../lib/lru-cache.ts';
import { slicesOf } from '../../lib/slices-of.ts';
import type { RoomState } from '../../rooms/state/room-state.ts';
import { getEntries } from '../../rooms/state-tree/read-entries.ts';
import type { NodeHash } from '../../rooms/state-tree/state-node.ts';
import type { ReadTx } from '../../storage/database.ts';
import { memberKeysOfServer } from '../../storage/stores/server-questions.ts';
import type { AskedRoom } from './asked-room.ts';
import type { Said } from './said.ts';

export interface Presence {
  readonly anyJoined: boolean;
  readonly anyInvited: boolean;
}

const PRESENCES_MAX = 20_000;
/** Users of one server that are looked at; more are taken for absent. */
const USERS_MAX = 5_000;
const USERS_AT_ONCE = 100;

export const createPresences = ({ state, said }: { state: RoomState; said: Said }) => {
  const presences = new LruCache<string, Presence>(PRESENCES_MAX);

  const read = async (tx: ReadTx, { nid, server }: AskedRoom, root: NodeHash): Promise<Presence> => {
    const keys = await memberKeysOfServer(tx, nid, server, USERS_MAX);
    let anyInvited = false;
    for (const some of slicesOf(keys, USERS_AT_ONCE)) {
      const entries = await getEntries(state.sourceIn(tx), root, some);
      const memberships = new Set((await said(tx, [...entries.values()])).values());
      if (memberships.has('join')) return { anyJoined: true, anyInvited: true };
      anyInvited ||= memberships.has('invite');
    }
    return { anyJoined: false, anyInvited };
  };

  return async (tx: ReadTx, room: AskedRoom, root: NodeHash): Promise<Presence> => {
    // Which users there are to look for depends on the present state as well.
    const key = `${root} ${room.stateRoot} ${room.nid} ${room.server}`;
    const known = presences.get(key);
    if (known) return known;
    const presence = await read(tx, room, root);
    presences.set(key, presence);
    return presence;
  };
};
