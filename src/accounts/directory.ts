// The user directory: search, and keeping its index up to date. Client-Server API, "User Directory".

import { foldWords } from '../lib/fold-words.ts';
import type { JsonObject } from '../protocol/events/json.ts';
import type { UserId } from '../protocol/ids/branded.ts';
import { serverOf } from '../protocol/ids/id-parts.ts';
import { hasMembersToIndex, indexMembers } from '../storage/stores/directory-words.ts';
import { profileOf } from '../storage/stores/profiles.ts';
import type { SeenUser } from '../storage/stores/user-directory.ts';
import { findByWords, seenUsers, someJoinedRooms, visibleMemberContent } from '../storage/stores/user-directory.ts';
import type { AccountsDeps } from './deps.ts';

export interface FoundUser {
  readonly user_id: UserId;
  readonly display_name?: string;
  readonly avatar_url?: string;
}

/** Users looked at in rooms that are open but not published, for one search. */
const OPEN_CANDIDATES_MAX = 50;
/** Rooms of such a user that are looked at. */
const ROOMS_MAX = 50;
const INDEX_BATCH = 200;
const INDEX_DELAY_MS = 1000;

export const createDirectory = ({ db, clock, log, serverName, ports }: AccountsDeps) => {
  const isInOpenRoom = async (user: number): Promise<boolean> =>
    (await ports.openRooms(await db.read((tx) => someJoinedRooms(tx, user, ROOMS_MAX)))).size > 0;

  /** In the order of `seen`, up to `limit`. */
  const visible = async (seen: readonly SeenUser[], limit: number): Promise<SeenUser[]> => {
    const found: SeenUser[] = [];
    let looks = 0;
    for (const user of seen) {
      if (found.length >= limit) break;
      if (user.isVisible) found.push(user);
      else if (looks++ < OPEN_CANDIDATES_MAX && (await isInOpenRoom(user.user))) found.push(user);
    }
    return found;
  };

  const described = (searcher: number, { user, userId }: SeenUser): Promise<FoundUser> =>
    db.read(async (tx) => {
      if (serverOf(userId) === serverName) {
        const { displayname, avatarUrl } = await profileOf(tx, user);
        return foundUser(userId, displayname, avatarUrl);
      }
      const content = await visibleMemberContent(tx, searcher, user);
      const { displayname, avatar_url } = (content === undefined ? {} : JSON.parse(content)) as JsonObject;
      return foundUser(userId, displayname, avatar_url);
    });

  keepIndexed({ db, clock, log });

  return {
    /** At most `limit` users, those found by their id first; whether there are more. */
    async searchUsers(
      searcher: number,
      term: string,
      limit: number,
    ): Promise<{ results: FoundUser[]; limited: boolean }> {
      const seen = await db.read(async (tx) => {
        const trimmed = term.trim().toLowerCase();
        const byId = await findByWords(tx, searcher, [trimmed.startsWith('@') ? trimmed : `@${trimmed}`]);
        const byName = await findByWords(tx, searcher, foldWords(term).slice(0, 5));
        const order = [...new Set(trimmed === '' ? [] : [...byId, ...byName])];
        const rows = new Map((await seenUsers(tx, searcher, order)).map((row) => [row.user, row]));
        return order.flatMap((user) => rows.get(user) ?? []);
      });
      const found = await visible(seen, limit + 1);
      const results = await Promise.all(found.slice(0, limit).map((user) => described(searcher, user)));
      return { results, limited: found.length > limit };
    },
  };
};

const foundUser = (userId: UserId, displayname: unknown, avatarUrl: unknown): FoundUser => ({
  user_id: userId,
  ...(typeof displayname === 'string' && { display_name: displayname }),
  ...(typeof avatarUrl === 'string' && { avatar_url: avatarUrl }),
});

/** Follows the member events of remote users, a little behind and in batches; also those from before the start. */
const keepIndexed = ({ db, clock, log }: Pick<AccountsDeps, 'db' | 'clock' | 'log'>): void => {
  let isDue = false;
  const catchUp = async (): Promise<void> => {
    while (await db.read(hasMembersToIndex)) await db.write(indexMembers, INDEX_BATCH);
  };
  const schedule = (): void => {
    if (isDue) return;
    isDue = true;
    clock.after(INDEX_DELAY_MS, () => {
      isDue = false;
      catchUp().catch((err: unknown) => log.warn({ err }, 'The user directory could not be brought up to date.'));
    });
  };
  db.onCommit(({ changes }) => {
    if (changes.some(({ audience }) => 'room' in audience)) schedule();
  });
  schedule();
};
