// Password hashes: argon2id on the thread pool, few at a time, in PHC text form.

import { argon2, timingSafeEqual } from 'node:crypto';
import { randomBytesOf, randomToken } from '../lib/random.ts';
import { invalidParam, limitExceeded } from '../protocol/errors/matrix-error.ts';

export interface HashingConfig {
  readonly memoryKib: number;
  readonly passes: number;
  readonly parallelism: number;
  /** Hashes computed at the same time: each takes one thread of the pool and memoryKib. */
  readonly concurrencyMax: number;
}

/** Callers that may wait for their turn; beyond, they are told to come back. */
const WAITING_MAX = 100;
const PASSWORD_SIZE_BYTES_MAX = 1024;
const SALT_SIZE_BYTES = 16;
const TAG_SIZE_BYTES = 32;

interface ParsedHash {
  readonly memory: number;
  readonly passes: number;
  readonly parallelism: number;
  readonly salt: Uint8Array;
  readonly tag: Uint8Array;
}

const PHC = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,88})\$([A-Za-z0-9+/]{22,88})$/;

const parsePhc = (text: string): ParsedHash | undefined => {
  const match = PHC.exec(text);
  if (!match) return undefined;
  const [, m, t, p, salt, tag] = match;
  const bytes = (base64: string): Uint8Array => Buffer.from(base64, 'base64');
  return { memory: Number(m), passes: Number(t), parallelism: Number(p), salt: bytes(salt!), tag: bytes(tag!) };
};

const unpadded = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64').replace(/=+$/, '');

const derive = (password: string, { memory, passes, parallelism, salt, tag }: ParsedHash): Promise<Uint8Array> =>
  new Promise((resolve, reject) => {
    // Keyboards compose accents differently: the same password must have the same bytes.
    const parameters = { message: password.normalize('NFKC'), nonce: salt, parallelism, memory, passes };
    argon2('argon2id', { ...parameters, tagLength: tag.length }, (error, key) =>
      error ? reject(error) : resolve(key),
    );
  });

/** Lets `concurrencyMax` works run at the same time. Throws M_LIMIT_EXCEEDED when too many wait already. */
const createTurns = (concurrencyMax: number) => {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (running < concurrencyMax) running++;
    else {
      if (waiting.length >= WAITING_MAX) throw limitExceeded('Too many logins at the same time.', 5000);
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  };
};

export const createPasswords = (config: HashingConfig) => {
  const inTurn = createTurns(config.concurrencyMax);

  const hash = async (password: string): Promise<string> => {
    if (Buffer.byteLength(password) > PASSWORD_SIZE_BYTES_MAX) throw invalidParam('The password is too long.');
    const { memoryKib: memory, passes, parallelism } = config;
    const fresh = {
      memory,
      passes,
      parallelism,
      salt: randomBytesOf(SALT_SIZE_BYTES),
      tag: new Uint8Array(TAG_SIZE_BYTES),
    };
    const tag = await inTurn(() => derive(password, fresh));
    return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${unpadded(fresh.salt)}$${unpadded(tag)}`;
  };

  let nobodys: Promise<string> | undefined;

  return {
    /** PHC text. Throws M_INVALID_PARAM past 1024 bytes. */
    hash,

    /** Takes as long where there is no hash to compare with, so that time does not tell which users exist. */
    async verify(password: string, stored: string | null | undefined): Promise<boolean> {
      if (Buffer.byteLength(password) > PASSWORD_SIZE_BYTES_MAX) return false;
      nobodys ??= hash(randomToken());
      const expected = parsePhc(stored ?? (await nobodys));
      if (!expected) return false;
      const tag = await inTurn(() => derive(password, expected));
      return timingSafeEqual(tag, expected.tag) && typeof stored === 'string';
    },

    /** Made with other parameters than today's: to be made anew when the password is next seen. */
    isStale(stored: string): boolean {
      const parsed = parsePhc(stored);
      if (!parsed) return true;
      const { memory, passes, parallelism } = parsed;
      return memory !== config.memoryKib || passes !== config.passes || parallelism !== config.parallelism;
    },
  };
};

export type Passwords = ReturnType<typeof createPasswords>;
