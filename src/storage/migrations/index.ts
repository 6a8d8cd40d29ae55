// The numbered list of migrations for both engines, oldest first.

import { migration as rooms } from './0001-rooms.ts';
import { migration as accounts } from './0002-accounts.ts';
import { migration as e2ee } from './0003-e2ee.ts';
import { migration as server } from './0004-server.ts';
import { migration as pushEphemeral } from './0005-push-ephemeral.ts';
import { migration as roomsExtra } from './0006-rooms-extra.ts';
import { migration as media } from './0007-media.ts';
import { migration as search } from './0008-search.ts';
import { migration as peers } from './0009-peers.ts';
import { migration as receive } from './0010-receive.ts';
import { migration as inbound } from './0011-inbound.ts';
import { migration as outbound } from './0012-outbound.ts';
import { migration as remoteDevices } from './0013-remote-devices.ts';
import { migration as residency } from './0014-residency.ts';
import { migration as soughtEvents } from './0015-sought-events.ts';
import type { Migration } from './migration.ts';

export const migrations: readonly Migration[] = [
  rooms,
  accounts,
  e2ee,
  server,
  pushEphemeral,
  roomsExtra,
  media,
  search,
  peers,
  receive,
  inbound,
  outbound,
  remoteDevices,
  residency,
  soughtEvents,
];
