// What the files of this part are made with.

import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { ServerName } from '../protocol/ids/branded.ts';
import type { Database } from '../storage/database.ts';
import type { AccountPorts } from './ports.ts';

export interface AccountsDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly serverName: ServerName;
  readonly ports: AccountPorts;
}
