// Reports of rooms, events and users, for the administrators. Client-Server API, "Reporting Content".

import type { ReadTx } from '../database.ts';
import { writer } from '../database.ts';
import { fromStoredText, toStoredText } from '../text.ts';

export type ReportKind = 'room' | 'event' | 'user';

export interface NewReport {
  readonly kind: ReportKind;
  /** The id of what is reported. */
  readonly target: string;
  /** nid of the reported room or that of the event; null for a user. */
  readonly room: number | null;
  /** nid of the user who reports. */
  readonly reporter: number;
  readonly reason: string;
  /** Milliseconds. */
  readonly now: number;
}

export const storeReport = writer('storeReport', async (tx, report: NewReport): Promise<void> => {
  await tx.run(
    'INSERT INTO reports (kind, target, room, reporter, reason, created_ts) VALUES (?, ?, ?, ?, ?, ?)',
    report.kind,
    toStoredText(report.target),
    report.room,
    report.reporter,
    toStoredText(report.reason),
    report.now,
  );
});

export interface StoredReport extends Omit<NewReport, 'now'> {
  readonly nid: number;
  readonly createdTs: number;
}

/** Newest first, those before `before` (a nid). */
export const listReports = async (tx: ReadTx, before: number, limit: number): Promise<StoredReport[]> => {
  const rows = await tx.all<StoredReport>(
    `SELECT nid AS "nid", kind AS "kind", target AS "target", room AS "room", reporter AS "reporter",
       reason AS "reason", created_ts AS "createdTs" FROM reports WHERE nid < ? ORDER BY nid DESC LIMIT ?`,
    before,
    limit,
  );
  return rows.map((row) => ({ ...row, target: fromStoredText(row.target), reason: fromStoredText(row.reason) }));
};
