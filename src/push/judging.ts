// What judging needs and the rest of the part shares with it. Made before the room engine, which asks it about every event.

import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { ServerName } from '../protocol/ids/branded.ts';
import type { NotificationPort } from '../rooms/ports.ts';
import type { Database } from '../storage/database.ts';
import { createIgnorers } from './ignorers.ts';
import { createJudge } from './judge.ts';
import { createRoomMembers, type RoomMembersOf } from './room-members.ts';
import { createRuleClasses, type RuleClasses } from './rule-classes.ts';

export interface JudgingDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly serverName: ServerName;
}

export interface Judging {
  /** For the room engine. */
  readonly notifications: NotificationPort;
  readonly ruleClasses: RuleClasses;
  readonly membersOf: RoomMembersOf;
}

export const createJudging = (deps: JudgingDeps): Judging => {
  const { db, serverName } = deps;
  const ignorers = createIgnorers(deps);
  const ruleClasses = createRuleClasses({ db });
  const membersOf = createRoomMembers({ db });
  return { notifications: createJudge({ db, serverName, ruleClasses, membersOf, ignorers }), ruleClasses, membersOf };
};
