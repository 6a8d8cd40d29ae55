import { describe, expect, it } from 'vitest';
import { createPasswords } from './passwords.ts';

const config = { memoryKib: 64, passes: 1, parallelism: 1, concurrencyMax: 2 };

describe('passwords', () => {
  it('verifies what it hashed, whatever way accents are composed, and nothing else', async () => {
    const passwords = createPasswords(config);
    const stored = await passwords.hash('übers3kr1t');
    expect(stored).toMatch(/^\$argon2id\$v=19\$m=64,t=1,p=1\$/);
    expect(await passwords.hash('übers3kr1t')).not.toBe(stored);
    expect(await passwords.verify('u\u0308bers3kr1t', stored)).toBe(true);
    expect(await passwords.verify('ubers3kr1t', stored)).toBe(false);
    for (const nothing of [null, undefined, '', '$argon2id$v=19$m=64,t=1,p=1$short$short', '$2b$12$abc']) {
      expect(await passwords.verify('übers3kr1t', nothing)).toBe(false);
    }
    expect(await passwords.verify('x'.repeat(1025), stored)).toBe(false);
    await expect(passwords.hash('x'.repeat(1025))).rejects.toMatchObject({ errcode: 'M_INVALID_PARAM' });
  });

  it('agrees with the reference vector of argon2id', async () => {
    // From the reference implementation's own tests: password, somesalt, t=2, m=2^16, p=1.
    const stored = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';
    expect(await createPasswords(config).verify('password', stored)).toBe(true);
  });

  it('knows which hashes were made with other parameters', async () => {
    const stored = await createPasswords(config).hash('password');
    expect(createPasswords(config).isStale(stored)).toBe(false);
    expect(createPasswords({ ...config, passes: 2 }).isStale(stored)).toBe(true);
  });

  it('lets only so many wait', async () => {
    const passwords = createPasswords({ ...config, concurrencyMax: 1 });
    const results = await Promise.allSettled(Array.from({ length: 110 }, () => passwords.hash('password')));
    const refused = results.filter(({ status }) => status === 'rejected');
    expect(refused).toHaveLength(9);
    expect(refused[0]).toMatchObject({ reason: { errcode: 'M_LIMIT_EXCEEDED' } });
    expect(await passwords.verify('password', await passwords.hash('password'))).toBe(true);
  });
});
