// The order in which users' presence changed, to find what changed since a version without looking at everybody.

import type { UserPresence } from './presence-state.ts';
import type { Versions } from './versions.ts';

interface Entry {
  readonly version: number;
  readonly state: UserPresence;
}

/** Entries, of which at most half are outdated, before the older half is dropped. */
const ENTRIES_MAX = 20_000;

export interface PresenceLog {
  /** The version of this change. */
  add(state: UserPresence): number;
  /** Those who changed after `version`, each once, oldest change first; undefined: that is not remembered. */
  since(version: number): UserPresence[] | undefined;
}

export const createPresenceLog = (versions: Versions): PresenceLog => {
  let forgotten = versions.latest;
  let entries: Entry[] = [];

  const shorten = (): void => {
    const current = entries.filter((entry) => entry.state.version === entry.version);
    const dropped = current.length > ENTRIES_MAX / 2 ? current.length - ENTRIES_MAX / 2 : 0;
    if (dropped > 0) forgotten = current[dropped - 1]!.version;
    entries = current.slice(dropped);
  };

  return {
    add(state) {
      if (entries.length >= ENTRIES_MAX) shorten();
      const version = versions.next();
      entries.push({ version, state });
      return version;
    },
    since(since) {
      if (since < forgotten) return undefined;
      let low = 0;
      let high = entries.length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (entries[middle]!.version <= since) low = middle + 1;
        else high = middle;
      }
      const changed: UserPresence[] = [];
      for (const { version: at, state } of entries.slice(low)) if (state.version === at) changed.push(state);
      return changed;
    },
  };
};
