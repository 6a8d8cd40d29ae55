// The configuration keys of limits: requests in time, sizes, connections.

import { Type } from '../lib/json-schema.ts';
import { boolKey, intKey, numberKey, section } from './schema-text.ts';

const rate = (what: string, perSecond: number, burst: number) =>
  section(what, {
    enabled: Type.Boolean({ description: 'Off: this class is not limited.', default: true }),
    perSecond: numberKey('Requests a second on average.', perSecond),
    burst: intKey('Requests at once.', burst, 1),
  });

export const rateLimits = section(
  'How often one user (or one address, before login) may ask. Beyond: 429 M_LIMIT_EXCEEDED.',
  {
    enabled: boolKey('Off: nothing is limited. For tests only.', true),
    message: rate('Sending events.', 10, 50),
    join: rate('Joining and knocking.', 0.5, 15),
    invite: rate('Inviting.', 0.5, 20),
    create: rate('Creating rooms and aliases.', 0.2, 10),
    login: rate('Attempts to log in, by address.', 0.2, 10),
    register: rate('Attempts to register, by address.', 0.1, 5),
    read: rate('Costly reads: search, directories, history.', 20, 200),
    media: rate('Uploads, downloads and previews.', 20, 200),
    account: rate('Changes of profile, account data, devices and keys.', 5, 50),
  },
);

export const limits = section('Sizes and times of requests.', {
  bodySizeBytesMax: intKey(
    'The largest JSON body from clients. Uploads have media.maxUploadSizeBytes.',
    4 * 1024 * 1024,
    65_536,
  ),
  federationBodySizeBytesMax: intKey('The largest JSON body from other servers.', 16 * 1024 * 1024, 65_536),
  bodyTimeoutMs: intKey('A JSON body must arrive within this time.', 60_000, 100),
  bodyIdleTimeoutMs: intKey('An upload must not pause longer.', 30_000, 100),
  headersTimeoutMs: intKey("A request's headers must arrive within this time.", 20_000, 100),
  keepAliveTimeoutMs: intKey('An idle connection is closed after this time.', 75_000, 100),
  connectionsMax: intKey('Open connections, at most.', 20_000, 1),
  shutdownGraceMs: intKey('On shutdown running requests have this long to end.', 10_000),
});
