// The append-only list of every signing key this server ever had: one JSON object a line, beside the key file.
// It outlives the database, and other servers need retired keys to check old events (Server-Server API, old_verify_keys).

import { appendFile, readFile } from 'node:fs/promises';
import { IdentityRefused } from './identity-refused.ts';

export interface KeyLogEntry {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly action: 'created' | 'retired';
  readonly keyId: string;
  /** Unpadded base64. */
  readonly publicKey: string;
}

export interface OldKey {
  readonly keyId: string;
  readonly publicKey: string;
  /** Milliseconds since the epoch: events the key signed before then are still good. */
  readonly expiredAt: number;
}

const isEntry = (value: unknown): value is KeyLogEntry => {
  const entry = value as Partial<KeyLogEntry> | null;
  return (
    typeof entry === 'object' &&
    entry !== null &&
    typeof entry.at === 'number' &&
    (entry.action === 'created' || entry.action === 'retired') &&
    typeof entry.keyId === 'string' &&
    typeof entry.publicKey === 'string'
  );
};

const parseLine = (line: string): unknown => {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
};

/** No file is an empty log. Throws IdentityRefused when a line cannot be read. */
export async function readKeyLog(file: string): Promise<KeyLogEntry[]> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw new IdentityRefused(`The key log ${file} cannot be read: ${error.message}.`, 'Make it readable.', error);
  });
  return text.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return [];
    const entry = parseLine(line);
    if (isEntry(entry)) return [entry];
    throw new IdentityRefused(
      `Line ${index + 1} of the key log ${file} is damaged.`,
      'Restore the file from a backup, or remove the damaged line if it is the unfinished last one.',
    );
  });
}

/** On disk when it resolves. */
export async function appendKeyLog(file: string, entry: KeyLogEntry): Promise<void> {
  await appendFile(file, `${JSON.stringify(entry)}\n`, { mode: 0o600, flush: true });
}

/** Keys that were retired, by the log, newest last. */
export function oldKeysOf(log: readonly KeyLogEntry[]): OldKey[] {
  return log
    .filter(({ action }) => action === 'retired')
    .map(({ keyId, publicKey, at }) => ({ keyId, publicKey, expiredAt: at }));
}
