// Which local users ignore a sender, so that they are not notified of what they will not see. Client-Server API, "Ignoring Users".

import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { UserId } from '../protocol/ids/branded.ts';
import type { Database } from '../storage/database.ts';
import { ignoredUserListsSince } from '../storage/stores/push-rules.ts';

/** Of one user's list; longer ones exist only to hurt. */
const IGNORED_MAX = 1_000;
/** A new list counts after this at the latest. */
const LEARN_MS = 50;

const nobody: ReadonlySet<number> = new Set();

export interface Ignorers {
  /** nids of local users who ignore the sender. */
  of(sender: UserId): ReadonlySet<number> | Promise<ReadonlySet<number>>;
}

const ignoredIn = (content: string): UserId[] => {
  const { ignored_users: ignored } = JSON.parse(content) as { ignored_users?: unknown };
  if (typeof ignored !== 'object' || ignored === null) return [];
  return Object.keys(ignored).slice(0, IGNORED_MAX) as UserId[];
};

export const createIgnorers = ({ db, clock, log }: { db: Database; clock: Clock; log: Log }): Ignorers => {
  const bySender = new Map<UserId, Set<number>>();
  const byUser = new Map<number, readonly UserId[]>();
  let upTo = 0;
  let first: Promise<void> | undefined;
  let isLoaded = false;
  let isDue = false;

  const replace = (user: number, ignored: readonly UserId[]): void => {
    for (const sender of byUser.get(user) ?? []) {
      const users = bySender.get(sender);
      if (users?.delete(user) && users.size === 0) bySender.delete(sender);
    }
    if (ignored.length === 0) byUser.delete(user);
    else byUser.set(user, ignored);
    for (const sender of ignored) bySender.set(sender, (bySender.get(sender) ?? new Set()).add(user));
  };

  const learn = async (): Promise<void> => {
    const lists = await db.read((tx) => ignoredUserListsSince(tx, upTo));
    for (const { user, content, position } of lists) {
      replace(user, ignoredIn(content));
      upTo = Math.max(upTo, position);
    }
    isLoaded = true;
  };

  db.onCommit(({ changes }) => {
    if (!isLoaded || isDue || !changes.some(({ audience }) => 'user' in audience)) return;
    isDue = true;
    clock.after(LEARN_MS, () => {
      isDue = false;
      learn().catch((err: unknown) => log.warn({ err }, 'New lists of ignored users could not be read.'));
    });
  });

  const find = (sender: UserId): ReadonlySet<number> => bySender.get(sender) ?? nobody;

  return {
    of(sender) {
      if (isLoaded) return find(sender);
      first ??= learn().finally(() => {
        first = undefined;
      });
      return first.then(() => find(sender));
    },
  };
};
