// What the files of this part are made with.

import type { Accounts } from '../accounts/accounts.ts';
import type { Handshakes } from '../federation/handshakes/handshakes.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { ServerName, UserId } from '../protocol/ids/branded.ts';
import type { LatentUsers } from '../rooms/admission/local-invitee.ts';
import type { Rooms } from '../rooms/rooms.ts';
import type { Database } from '../storage/database.ts';
import type { NoticesConfig } from './notices/notice-author.ts';
import type { RoomPushRules } from './ports.ts';

export interface MembershipDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly serverName: ServerName;
  /** The room version of rooms whose creator names none. */
  readonly defaultRoomVersion: string;
  readonly rooms: Rooms;
  readonly accounts: Pick<Accounts, 'createAccount' | 'findAccount' | 'listAccounts' | 'profileOf' | 'putProfileField'>;
  readonly latentUsers: LatentUsers;
  readonly pushRules: RoomPushRules;
  readonly serverNotices: NoticesConfig;
  /** The way to rooms and users of other servers. */
  readonly remote: Handshakes;
}

/** A local user who does something. */
export interface Actor {
  /** The user's nid. */
  readonly user: number;
  readonly userId: UserId;
  readonly isGuest?: boolean;
}
