// The configuration keys of accounts: registration, passwords, sessions.

import { boolKey, intKey, listKey, optionalTextKey, section, textKey } from './schema-text.ts';

const term = section('A document to which new users must agree.', {
  id: textKey('Its id, e.g. privacy_policy.', 'terms_of_service'),
  version: textKey('Its version; a new one asks again.', '1'),
  name: textKey('Its title.', 'Terms of service'),
  url: textKey('Where it can be read.', ''),
  language: textKey('Its language, e.g. en.', 'en'),
});

export const registration = section(
  'Who may make an account. By default only people with a token from an administrator.',
  {
    enabled: boolKey('Off: only administrators make accounts.', true),
    dummy: boolKey('UNSAFE in public: anybody may make an account, with nothing in the way (m.login.dummy).', false),
    tokenRequired: boolKey('New users must give a registration token (m.login.registration_token).', true),
    sharedSecret: optionalTextKey(
      'Whoever knows it may make accounts, administrators included, through the admin API.',
      {
        secret: true,
      },
    ),
    guests: boolKey('Guests may look into rooms that allow it.', false),
    terms: listKey('Documents to which new users must agree (m.login.terms).', term),
  },
);

export const passwordPolicy = section('What a new password must be.', {
  minimumLength: intKey('Characters, at least.', 8, 1, 128),
  requireDigit: boolKey('At least one digit.', false),
  requireSymbol: boolKey('At least one character that is neither letter nor digit.', false),
  requireUppercase: boolKey('At least one upper-case letter.', false),
  requireLowercase: boolKey('At least one lower-case letter.', false),
});

export const passwordHashing = section(
  'Argon2id, the hash of passwords. Hashes made before are renewed at the next login.',
  {
    // As strong as 19 MiB and two passes (OWASP), but above the 32 MiB below which glibc keeps what was freed.
    memoryKib: intKey('Memory of one hash, KiB.', 47_104, 8192, 4_194_304),
    passes: intKey('Passes over it.', 1, 1, 100),
    parallelism: intKey('Lanes.', 1, 1, 16),
    concurrencyMax: intKey('Hashes made at the same time; each takes one of four threads.', 2, 1, 4),
  },
);

export const sessions = section('How long logins last.', {
  accessTokenLifetimeMs: intKey(
    'For clients that support refresh tokens: an access token lives this long.',
    3_600_000,
    1000,
  ),
  refreshTokenLifetimeMs: intKey('A refresh token not used for this long ends its session. 0: never.', 0),
  inactiveSessionLifetimeMs: intKey('A session not used for this long is ended. 0: never.', 0),
});
