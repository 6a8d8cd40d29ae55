// Other servers as destinations: since when they cannot be reached and why, when they are tried again, when they last could be.

import type { ServerName } from '../../protocol/ids/branded.ts';
import type { ReadTx, SqlValue } from '../database.ts';
import { writer } from '../database.ts';
import { fromStoredText, toStoredText } from '../text.ts';

export interface DestinationTrouble {
  readonly serverName: ServerName;
  readonly stage: string;
  readonly reason: string;
  readonly sinceTs: number;
  readonly lastFailureTs: number;
  readonly failures: number;
  /** null: never again by itself. */
  readonly retryTs: number | null;
  readonly goneTs: number | null;
}

export interface StoredDestination {
  readonly serverName: ServerName;
  /** null: all is well. */
  readonly trouble: DestinationTrouble | null;
  readonly lastSuccessTs: number | null;
  /** When a request of its own last came in. */
  readonly heardTs: number | null;
}

/** A destination that answered, or that was heard from. */
export interface DestinationContact {
  readonly serverName: ServerName;
  readonly successTs: number | null;
  readonly heardTs: number | null;
  readonly endsTrouble: boolean;
}

export type DestinationState = 'well' | 'failing' | 'gone';

interface Row {
  serverName: ServerName;
  stage: string | null;
  reason: string | null;
  sinceTs: number | null;
  lastFailureTs: number | null;
  failures: number;
  retryTs: number | null;
  goneTs: number | null;
  lastSuccessTs: number | null;
  heardTs: number | null;
}

const SELECT_DESTINATION = `SELECT server_name AS "serverName", stage AS "stage", reason AS "reason", since_ts AS "sinceTs",
  last_failure_ts AS "lastFailureTs", failures AS "failures", retry_ts AS "retryTs", gone_ts AS "goneTs",
  last_success_ts AS "lastSuccessTs", heard_ts AS "heardTs" FROM destinations`;

const destinationOf = ({ serverName, lastSuccessTs, heardTs, ...row }: Row): StoredDestination => {
  const { sinceTs, stage, reason, failures, retryTs, goneTs } = row;
  const trouble = sinceTs === null || stage === null ? null : { sinceTs, stage, failures, retryTs, goneTs };
  return {
    serverName,
    trouble: trouble && {
      ...trouble,
      serverName,
      reason: fromStoredText(reason ?? ''),
      lastFailureTs: row.lastFailureTs ?? trouble.sinceTs,
    },
    lastSuccessTs,
    heardTs,
  };
};

const conditions: Readonly<Record<DestinationState, string>> = {
  well: 'since_ts IS NULL',
  failing: 'since_ts IS NOT NULL AND gone_ts IS NULL',
  gone: 'since_ts IS NOT NULL AND gone_ts IS NOT NULL',
};

export const findDestination = async (tx: ReadTx, serverName: ServerName): Promise<StoredDestination | undefined> => {
  const row = await tx.get<Row>(`${SELECT_DESTINATION} WHERE server_name = ?`, serverName);
  return row && destinationOf(row);
};

/** By name, after `after`; all of them without a state. */
export const listDestinations = async (
  tx: ReadTx,
  { after, limit, state }: { after: string; limit: number; state?: DestinationState | undefined },
): Promise<StoredDestination[]> => {
  const condition = state === undefined ? '' : `AND ${conditions[state]}`;
  const params: SqlValue[] = [after, limit];
  const rows = await tx.all<Row>(
    `${SELECT_DESTINATION} WHERE server_name > ? ${condition} ORDER BY server_name LIMIT ?`,
    ...params,
  );
  return rows.map(destinationOf);
};

export const countDestinations = async (tx: ReadTx): Promise<Record<DestinationState, number>> => {
  const counts = await tx.get<{ total: number; troubled: number; gone: number }>(
    `SELECT count(*) AS "total", count(since_ts) AS "troubled",
       count(CASE WHEN since_ts IS NOT NULL THEN gone_ts END) AS "gone" FROM destinations`,
  );
  const { total = 0, troubled = 0, gone = 0 } = counts ?? {};
  return { well: total - troubled, failing: troubled - gone, gone };
};

export const saveDestinationTrouble = writer(
  'saveDestinationTrouble',
  async (tx, trouble: DestinationTrouble): Promise<void> => {
    await tx.run(
      `INSERT INTO destinations
         (server_name, stage, reason, since_ts, last_failure_ts, failures, retry_ts, gone_ts) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (server_name) DO UPDATE SET stage = excluded.stage, reason = excluded.reason,
         since_ts = excluded.since_ts, last_failure_ts = excluded.last_failure_ts, failures = excluded.failures,
         retry_ts = excluded.retry_ts, gone_ts = excluded.gone_ts`,
      trouble.serverName,
      trouble.stage,
      toStoredText(trouble.reason),
      trouble.sinceTs,
      trouble.lastFailureTs,
      trouble.failures,
      trouble.retryTs,
      trouble.goneTs,
    );
  },
);

export const saveDestinationContacts = writer(
  'saveDestinationContacts',
  async (tx, contacts: readonly DestinationContact[]): Promise<void> => {
    await tx.runMany(
      `INSERT INTO destinations (server_name, last_success_ts, heard_ts) VALUES (?, ?, ?)
       ON CONFLICT (server_name) DO UPDATE SET
         last_success_ts = coalesce(excluded.last_success_ts, destinations.last_success_ts),
         heard_ts = coalesce(excluded.heard_ts, destinations.heard_ts)`,
      contacts.map(({ serverName, successTs, heardTs }) => [serverName, successTs, heardTs]),
    );
    await tx.runMany(
      `UPDATE destinations SET stage = NULL, reason = NULL, since_ts = NULL, failures = 0, retry_ts = NULL, gone_ts = NULL
       WHERE server_name = ?`,
      contacts.filter(({ endsTrouble }) => endsTrouble).map(({ serverName }) => [serverName]),
    );
  },
);
