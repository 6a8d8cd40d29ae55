// What handshakes are made with.

import type { Accounts } from '../../accounts/accounts.ts';
import type { Identity } from '../../identity/identity.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Peers } from '../../peers/peers.ts';
import type { ServerName } from '../../protocol/ids/branded.ts';
import type { LatentUsers } from '../../rooms/admission/local-invitee.ts';
import type { NotificationPort } from '../../rooms/ports.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import type { Database } from '../../storage/database.ts';
import type { RoomServers } from '../outbound/room-servers.ts';
import type { Verify } from '../verify/verify-pdus.ts';

export interface HandshakeDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly serverName: ServerName;
  readonly identity: Pick<Identity, 'serverName' | 'signingKey'>;
  readonly peers: Pick<Peers, 'call' | 'stream' | 'isAllowed' | 'isLeftAlone' | 'keysFor' | 'findKey' | 'keyTroubleOf'>;
  readonly rooms: Rooms;
  readonly accounts: Pick<Accounts, 'findAccount'>;
  readonly latentUsers: LatentUsers;
  /** Whom an invite notifies. */
  readonly notifications: NotificationPort;
  readonly verify: Verify;
  readonly roomServers: Pick<RoomServers, 'at'>;
}

export type HandshakeKind = 'join' | 'knock' | 'leave';
