// All rows, in the order in which they run: those that stop and start the server come before its memory counts.

import { audience } from './audience.ts';
import { create } from './create.ts';
import { disk } from './disk.ts';
import { backfill } from './federation/backfill.ts';
import { fanOut } from './federation/fan-out.ts';
import { forks } from './federation/forks.ts';
import { join } from './federation/join.ts';
import { pdusRows } from './federation/pdus.ts';
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

/** Rows in which other servers take part: a group of their own, on servers that federate. */
export const federationRows: readonly Row[] = [join, ...pdusRows, forks, fanOut, backfill];
