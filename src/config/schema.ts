// Every configuration key, with its description and default: the source of types, checks and the generated reference.

import { type Static, Type } from '../lib/json-schema.ts';
import { passwordHashing, passwordPolicy, registration, sessions } from './schema-accounts.ts';
import { limits, rateLimits } from './schema-limits.ts';
import { serverNotices, turn } from './schema-services.ts';
import { boolKey, choiceKey, intKey, listKey, optionalTextKey, section, textKey } from './schema-text.ts';

const tls = section('Certificate and key for listenTls. Both files are loaded anew when they change.', {
  certificateFile: optionalTextKey('PEM file with the certificate and its chain.'),
  keyFile: optionalTextKey("PEM file with the certificate's private key."),
});

const media = section('Uploaded and remote files.', {
  directory: optionalTextKey('Where files are kept. Default: `media` inside dataDirectory.'),
  maxUploadSizeBytes: intKey('The largest upload, and the largest remote file that is fetched.', 100 * 1024 * 1024, 1),
  userQuotaBytes: intKey('Total size of what one user may have uploaded. 0: no limit.', 0),
  userDailyBytes: intKey('Total size of what one user may upload within 24 hours. 0: no limit.', 0),
  openDownloads: boolKey(
    'Files uploaded while this is on can be downloaded without an access token, as clients older than Matrix 1.11 do.',
    false,
  ),
  remoteCacheSizeBytesMax: intKey('Remote files beyond this total are deleted, least used first. 0: no limit.', 0),
  urlPreviews: boolKey('Fetch previews of links for clients that ask for them.', true),
});

const backOff = section(
  'How long a server that failed is left alone. The wait doubles from the first to the longest.',
  {
    firstMs: intKey('After the first failure.', 5000, 100),
    longestMs: intKey('At most.', 24 * 3_600_000, 1000),
  },
);

const federation = section('Talking to other servers.', {
  enabled: boolKey('Off: nobody outside of this server is reached or answered.', true),
  allowPrivateAddresses: listKey(
    'Networks (CIDR) that may be called although they are private, e.g. 10.0.0.0/8. Everything private is refused by default.',
    Type.String(),
  ),
  extraCaFile: optionalTextKey(
    'PEM file with certificate authorities trusted for outgoing requests besides the public ones. Environment: KINTSUGI_EXTRA_CA.',
  ),
  denyServers: listKey('Server names (with * and ?) that are neither called nor answered.', Type.String()),
  allowServers: listKey('If not empty: only these server names (with * and ?) are called and answered.', Type.String()),
  tlsExceptions: listKey(
    'Server names (with * and ?) whose TLS certificate is not verified, e.g. where a VPN does it.',
    Type.String(),
  ),
  dnsServers: listKey('DNS servers to ask (address or address:port). Empty: those of the system.', Type.String()),
  trustedKeyServers: listKey(
    "Servers asked for other servers' signing keys when these do not answer, and when many are needed at once.",
    Type.String(),
    ['matrix.org'],
  ),
  keyValidityMs: intKey(
    'For how long others may use what this server says of its signing keys. At most 7 days.',
    24 * 3_600_000,
    3_600_000,
    7 * 24 * 3_600_000,
  ),
  backOff,
});

const wellKnown = section(
  'What /.well-known/matrix/* answers. Needed on the host of serverName when it is delegated.',
  {
    client: optionalTextKey('Base URL for clients. Default: publicBaseUrl.'),
    server: optionalTextKey('Host and port for other servers, e.g. matrix.example.org:443.'),
    identityServer: optionalTextKey('Base URL of an identity server to suggest to clients.'),
  },
);

const admin = section('Whom users and other administrators can reach: shown in /.well-known/matrix/support.', {
  matrixId: optionalTextKey("The administrator's Matrix ID."),
  email: optionalTextKey("The administrator's e-mail address."),
  supportPage: optionalTextKey('URL of a page with help for users.'),
});

export const configSchema = section('Kintsugi', {
  serverName: textKey(
    'The name behind the colon of every user ID. It can never be changed later. Required in production.',
    'localhost',
  ),
  dataDirectory: textKey('Where the database, signing key and media are kept.', './data'),
  database: textKey(
    '`sqlite` keeps a file in dataDirectory. postgres://USER:PASSWORD@HOST/NAME uses a PostgreSQL database.',
    'sqlite',
    { secret: true },
  ),
  listen: listKey('host:port pairs for plain HTTP. Empty: none.', Type.String(), ['127.0.0.1:8008']),
  listenTls: listKey('host:port pairs for HTTPS; needs tls.', Type.String()),
  tls,
  trustedProxies: listKey('Networks (CIDR) of reverse proxies whose X-Forwarded-For is believed.', Type.String(), [
    '127.0.0.0/8',
    '::1/128',
  ]),
  publicBaseUrl: optionalTextKey('The URL at which clients reach this server, e.g. https://matrix.example.org.'),
  registration,
  passwordPolicy,
  passwordHashing,
  sessions,
  rateLimits,
  limits,
  media,
  federation,
  rooms: section('New rooms.', {
    defaultVersion: textKey('Room version when the creator names none.', '12'),
  }),
  push: section('Push notifications.', {
    enabled: boolKey("Send notifications to users' push gateways.", true),
    includeContent: boolKey('Include the text of messages unless the pusher asks for event ids only.', true),
  }),
  presence: section('Who is online.', {
    enabled: boolKey('Keep and share presence.', true),
  }),
  appservices: listKey('Registration files (YAML) of application services.', Type.String()),
  turn,
  serverNotices,
  wellKnown,
  admin,
  logging: section('Logs go to standard error.', {
    level: choiceKey(
      'The least important lines that are written.',
      ['debug', 'info', 'warn', 'error', 'silent'],
      'info',
    ),
    format: choiceKey('json: one object a line. text: for people.', ['text', 'json'], 'text'),
  }),
  metrics: section('Prometheus metrics at /metrics. Requests from this machine are always answered.', {
    enabled: boolKey('Answer /metrics to everybody who can reach the server.', false),
  }),
});

export type Config = Static<typeof configSchema>;
