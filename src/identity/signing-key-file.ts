// The file that holds the signing key: `ed25519 <version> <seed in base64>`, one line, the form other servers use too.
// It is made once and never overwritten: whoever loses it loses the server's name.

import { hash } from 'node:crypto';
import { link, open, readFile, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { randomBytesOf, randomId } from '../lib/random.ts';
import { type SigningKey, signingKeyFromSeed } from '../protocol/signing/signing-key.ts';
import { IdentityRefused } from './identity-refused.ts';

const restore = 'Restore it from a backup. Never replace it by a new key: other servers would refuse this server.';

/** `ed25519:` and the first letters of the public key's hash, so that one id can never name two keys. */
export function keyIdOf(publicKey: string): string {
  return `ed25519:${hash('sha256', publicKey, 'hex').slice(0, 10)}`;
}

function newKey(): { line: string; key: SigningKey } {
  const seed = Buffer.from(randomBytesOf(32)).toString('base64').replace(/=+$/, '');
  const { publicKey } = signingKeyFromSeed('ed25519:new', seed);
  const key = signingKeyFromSeed(keyIdOf(publicKey), seed);
  return { line: `${key.keyId.replace(':', ' ')} ${seed}\n`, key };
}

function parseKey(text: string, file: string): SigningKey {
  const parts = /^ed25519 ([A-Za-z0-9_]{1,200}) ([A-Za-z0-9+/]{43}=?)\s*$/.exec(text);
  if (!parts) throw new IdentityRefused(`The signing key ${file} is damaged.`, restore);
  return signingKeyFromSeed(`ed25519:${parts[1]}`, parts[2] as string);
}

/** undefined: there is no such file. Throws IdentityRefused when others may read it, or it is damaged. */
export async function readSigningKey(file: string): Promise<SigningKey | undefined> {
  const found = await stat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new IdentityRefused(`The signing key ${file} cannot be reached: ${error.message}.`, restore, error);
  });
  if (!found) return undefined;
  if (!found.isFile()) throw new IdentityRefused(`The signing key ${file} is not a file.`, restore);
  if (process.platform !== 'win32' && (found.mode & 0o077) !== 0) {
    throw new IdentityRefused(
      `The signing key ${file} can be read by other users of this machine.`,
      `Run: chmod 600 ${file}. If others had accounts here, consider the key known to them.`,
    );
  }
  const text = await readFile(file, 'utf8').catch((error: Error) => {
    throw new IdentityRefused(`The signing key ${file} cannot be read: ${error.message}.`, 'Check its owner.', error);
  });
  return parseKey(text, file);
}

/** Makes the key and its file, whole or not at all. Throws IdentityRefused when the file is there by now. */
export async function createSigningKey(file: string): Promise<SigningKey> {
  const { line, key } = newKey();
  const draft = `${file}.${randomId(8)}`;
  const handle = await open(draft, 'wx', 0o600);
  await handle.writeFile(line);
  await handle.sync();
  await handle.close();
  try {
    // A link fails when its name is taken: two servers starting at once cannot overwrite each other's key.
    await link(draft, file);
  } catch (cause) {
    throw new IdentityRefused(`The signing key ${file} could not be made.`, 'Is another server starting here?', cause);
  } finally {
    await unlink(draft);
  }
  const directory = await open(dirname(file));
  await directory.sync();
  await directory.close();
  return key;
}
