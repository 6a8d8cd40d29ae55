// What answers are made with.

import type { Accounts } from '../../accounts/accounts.ts';
import type { E2ee } from '../../e2ee/e2ee.ts';
import type { Database } from '../../storage/database.ts';
import type { Stream } from '../../stream/stream.ts';
import type { JoinedDeps } from './joined-room.ts';

export interface AnswerDeps extends JoinedDeps {
  readonly db: Database;
  readonly stream: Stream;
  readonly e2ee: E2ee;
  readonly accounts: Pick<Accounts, 'ignoredUsers'>;
}
