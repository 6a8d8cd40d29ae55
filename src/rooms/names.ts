// The integers behind users, event types and state keys, remembered in memory so that hot paths do not ask for them.

import { LruCache } from '../lib/lru-cache.ts';
import type { UserId } from '../protocol/ids/branded.ts';
import type { Database, ReadTx } from '../storage/database.ts';
import { findStateKey, internNames, type NameNids, type NamesWanted } from '../storage/stores/names.ts';

/** Entries of each kind kept in memory: about 100 bytes each. */
const NAMES_MAX = 100_000;

export interface Names {
  /** Names seen for the first time get a nid (a durable write). */
  intern(wanted: NamesWanted): Promise<NameNids>;
  /** nids of the state keys that are known, without making any; unknown ones are undefined. */
  findStateKeys(keys: NamesWanted['stateKeys']): Promise<(number | undefined)[]>;
  /** The same inside a read that is open already. */
  findStateKeysIn(tx: ReadTx, keys: NamesWanted['stateKeys']): Promise<(number | undefined)[]>;
}

const keyText = (type: string, stateKey: string): string => `${type}\u0000${stateKey}`;

export const createNames = (deps: { db: Database }): Names => {
  const users = new LruCache<UserId, number>(NAMES_MAX);
  const types = new LruCache<string, number>(NAMES_MAX);
  const stateKeys = new LruCache<string, number>(NAMES_MAX);

  const remembered = (keys: NamesWanted['stateKeys']): (number | undefined)[] =>
    keys.map(([type, key]) => stateKeys.get(keyText(type, key)));

  const readStateKeys = async (
    tx: ReadTx,
    keys: NamesWanted['stateKeys'],
    known: readonly (number | undefined)[],
  ): Promise<(number | undefined)[]> => {
    const found = [...known];
    for (const [index, [type, key]] of keys.entries()) {
      if (found[index] !== undefined) continue;
      const nid = await findStateKey(tx, type, key);
      if (nid !== undefined) stateKeys.set(keyText(type, key), nid);
      found[index] = nid;
    }
    return found;
  };

  return {
    async intern(wanted) {
      const known: NameNids = {
        users: wanted.users.map((id) => users.get(id) ?? 0),
        types: wanted.types.map((type) => types.get(type) ?? 0),
        stateKeys: wanted.stateKeys.map(([type, key]) => stateKeys.get(keyText(type, key)) ?? 0),
      };
      if (!known.users.includes(0) && !known.types.includes(0) && !known.stateKeys.includes(0)) return known;
      const nids = await deps.db.write(internNames, wanted);
      for (const [index, id] of wanted.users.entries()) users.set(id, nids.users[index]!);
      for (const [index, type] of wanted.types.entries()) types.set(type, nids.types[index]!);
      for (const [index, [type, key]] of wanted.stateKeys.entries()) {
        stateKeys.set(keyText(type, key), nids.stateKeys[index]!);
      }
      return nids;
    },

    async findStateKeys(keys) {
      const known = remembered(keys);
      return known.includes(undefined) ? deps.db.read((tx) => readStateKeys(tx, keys, known)) : known;
    },

    async findStateKeysIn(tx, keys) {
      const known = remembered(keys);
      return known.includes(undefined) ? readStateKeys(tx, keys, known) : known;
    },
  };
};
