// The parts that endpoints may name in their handlers.

import type { Accounts } from '../accounts/accounts.ts';
import type { Readiness } from '../api/web/readiness.ts';
import type { Auth } from '../auth/auth.ts';
import type { Config } from '../config/schema.ts';
import type { E2ee } from '../e2ee/e2ee.ts';
import type { Ephemeral } from '../ephemeral/ephemeral.ts';
import type { Federation } from '../federation/federation.ts';
import type { Outbound } from '../http/outbound/outbound.ts';
import type { Identity } from '../identity/identity.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Metrics } from '../lib/metrics.ts';
import type { Media } from '../media/media.ts';
import type { Membership } from '../membership/membership.ts';
import type { Explain } from '../operations/explain/explain.ts';
import type { Peers } from '../peers/peers.ts';
import type { Push } from '../push/push.ts';
import type { RoomDirectory } from '../rooms/directory/room-directory.ts';
import type { RoomReader } from '../rooms/read/room-reader.ts';
import type { RoomReads } from '../rooms/read/room-reads.ts';
import type { Reports } from '../rooms/reports.ts';
import type { Rooms } from '../rooms/rooms.ts';
import type { Database } from '../storage/database.ts';
import type { Stream } from '../stream/stream.ts';
import type { Sync } from '../sync/sync.ts';

export interface AllParts {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly readiness: Readiness;
  readonly identity: Identity;
  readonly db: Database;
  readonly stream: Stream;
  readonly outbound: Outbound;
  readonly peers: Peers;
  readonly accounts: Accounts;
  readonly auth: Auth;
  readonly rooms: Rooms;
  readonly roomDirectory: RoomDirectory;
  readonly reports: Reports;
  readonly federation: Federation;
  readonly membership: Membership;
  readonly roomReads: RoomReads;
  readonly roomReader: RoomReader;
  readonly e2ee: E2ee;
  readonly media: Media;
  readonly ephemeral: Ephemeral;
  readonly push: Push;
  readonly sync: Sync;
  readonly explain: Explain;
}
