// Who this server is: its name and signing key, kept in files outside of the database so that losing the database
// does not lose the identity.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../lib/clock.ts';
import type { ServerName } from '../protocol/ids/branded.ts';
import type { SigningKey } from '../protocol/signing/signing-key.ts';
import { IdentityRefused } from './identity-refused.ts';
import { appendKeyLog, type OldKey, oldKeysOf, readKeyLog } from './key-log.ts';
import { createSigningKey, readSigningKey } from './signing-key-file.ts';

export interface Identity {
  readonly serverName: ServerName;
  readonly signingKey: SigningKey;
  /** Retired keys, still good for what they signed before they expired. */
  readonly oldKeys: readonly OldKey[];
}

/** What the database remembers of the identity it was used with. */
export interface RecordedIdentity {
  readonly serverName: string;
  readonly keyId: string;
  /** Unpadded base64. */
  readonly publicKey: string;
}

export const signingKeyFileName = 'signing.key';
export const keyLogFileName = 'signing-keys.log';

/** Reads the signing key from the data directory, making it on the first start. Throws IdentityRefused with a remedy. */
export async function loadIdentity(directory: string, serverName: ServerName, clock: Clock): Promise<Identity> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const keyFile = join(directory, signingKeyFileName);
  const logFile = join(directory, keyLogFileName);
  const log = await readKeyLog(logFile);
  const existing = await readSigningKey(keyFile);
  const last = log.findLast(({ action }) => action === 'created');
  if (!existing && last) {
    throw new IdentityRefused(
      `The signing key ${keyFile} is gone: this server has signed with ${last.keyId} before.`,
      `Restore ${signingKeyFileName} from a backup. If it is lost for good and you accept that other servers may refuse this one, move ${logFile} away as well.`,
    );
  }
  if (existing && last && last.keyId === existing.keyId && last.publicKey !== existing.publicKey) {
    throw new IdentityRefused(
      `The signing key ${keyFile} is not the one that the key log knows as ${existing.keyId}.`,
      `Restore ${signingKeyFileName} or ${keyLogFileName} from a backup.`,
    );
  }
  const isLogged = log.some(({ action, publicKey }) => action === 'created' && publicKey === existing?.publicKey);
  const isLastRetired = log.some(({ action, publicKey }) => action === 'retired' && publicKey === last?.publicKey);
  if (existing && last && !isLogged && !isLastRetired) {
    throw new IdentityRefused(
      `The signing key ${keyFile} is ${existing.keyId}, but this server has signed with ${last.keyId} before.`,
      `Restore ${signingKeyFileName} with the key ${last.keyId} from a backup.`,
    );
  }
  const signingKey = existing ?? (await createSigningKey(keyFile));
  if (!isLogged) {
    const { keyId, publicKey } = signingKey;
    await appendKeyLog(logFile, { at: clock.now(), action: 'created', keyId, publicKey });
  }
  return { serverName, signingKey, oldKeys: oldKeysOf(log) };
}

/**
 * Compares with what the database recorded; undefined is a database never used. A server that signs with another key, or
 * under another name, than its events say is refused by every other server, so it does not start.
 */
export function checkIdentity(identity: Identity, recorded: RecordedIdentity | undefined): void {
  if (!recorded) return;
  if (recorded.serverName !== identity.serverName) {
    throw new IdentityRefused(
      `This database belongs to the server ${recorded.serverName}, but serverName is ${identity.serverName}.`,
      `Set serverName to ${recorded.serverName}, or use another data directory and database. A server's name can never change.`,
    );
  }
  const { keyId, publicKey } = identity.signingKey;
  const isOld = identity.oldKeys.some((key) => key.publicKey === recorded.publicKey);
  if (recorded.publicKey === publicKey || isOld) return;
  throw new IdentityRefused(
    `This database was used with the signing key ${recorded.keyId}, but the data directory holds ${keyId}.`,
    `Restore ${signingKeyFileName} with the key ${recorded.keyId} from a backup, or point dataDirectory to where it is.`,
  );
}
