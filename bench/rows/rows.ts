// All rows, in the order in which they run: those that stop and start the server come before its memory counts.

import { audience } from './audience.ts';
import { create } from './create.ts';
import { disk } from './disk.ts';
import { members } from './members.ts';
import { memory } from './memory.ts';
import { messages } from './messages.ts';
import type { Row } from './row.ts';
import { seen } from './seen.ts';
import { sendRows } from './send.ts';
import { start } from './start.ts';
import { syncRow } from './sync.ts';

export const rows: readonly Row[] = [
  disk,
  start,
  ...sendRows,
  audience,
  seen,
  create,
  syncRow,
  messages,
  members,
  memory,
];
