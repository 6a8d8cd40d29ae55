// Synapse as it comes from PyPI, without rate limits, with loopback addresses allowed and short waits before it tries again.

import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { until } from '../../harness/until.ts';
import { type Homeserver, type Place, serverNameOf, tls } from './homeserver.ts';
import { newSigningKey, type SigningKey } from './signing-key.ts';

const START_TIMEOUT_MS = 60_000;
const OUTPUT_LENGTH_MAX = 200_000;

const unlimited = { per_second: 1_000_000, burst_count: 1_000_000 };

const rateLimits = {
  rc_message: unlimited,
  rc_registration: unlimited,
  rc_login: { address: unlimited, account: unlimited, failed_attempts: unlimited },
  rc_admin_redaction: unlimited,
  rc_joins: { local: unlimited, remote: unlimited },
  rc_joins_per_room: unlimited,
  rc_invites: { per_room: unlimited, per_user: unlimited, per_issuer: unlimited },
  rc_room_creation: unlimited,
  rc_presence: { per_user: unlimited },
  rc_key_requests: unlimited,
  rc_media_create: unlimited,
  rc_federation: { window_size: 1000, sleep_limit: 100_000, sleep_delay: 1, reject_limit: 100_000, concurrent: 50 },
};

const databaseOf = ({ database, directory }: Place): object => {
  if (database === undefined) return { name: 'sqlite3', args: { database: join(directory, 'homeserver.db') } };
  const { hostname, port, username, password, pathname } = new URL(database);
  const args = { host: hostname, port: Number(port), user: username, password, dbname: pathname.slice(1) };
  return { name: 'psycopg2', allow_unsafe_locale: true, args: { ...args, cp_min: 2, cp_max: 8 } };
};

const configOf = (place: Place, oldKeys: Readonly<Record<string, object>>): object => {
  const { directory, clientPort, federationPort } = place;
  const at = (name: string): string => join(directory, name);
  const loopback = { type: 'http', bind_addresses: ['127.0.0.1'] };
  return {
    server_name: serverNameOf(place),
    public_baseurl: `http://127.0.0.1:${clientPort}/`,
    listeners: [
      { ...loopback, port: clientPort, resources: [{ names: ['client'] }] },
      { ...loopback, port: federationPort, tls: true, resources: [{ names: ['federation', 'media'] }] },
    ],
    tls_certificate_path: tls.certificate,
    tls_private_key_path: tls.key,
    federation_custom_ca_list: [tls.authority],
    ip_range_blacklist: [],
    federation_ip_range_blacklist: [],
    trusted_key_servers: [],
    suppress_key_server_warning: true,
    // Others use a key that was changed at once, and a server that was away is tried again soon.
    key_refresh_interval: '1d',
    federation: {
      destination_min_retry_interval: 500,
      destination_retry_multiplier: 1,
      destination_max_retry_interval: 1000,
      max_short_retry_delay: 1000,
      max_short_retries: 1,
    },
    database: databaseOf(place),
    signing_key_path: at('signing.key'),
    old_signing_keys: oldKeys,
    media_store_path: at('media'),
    pid_file: at('homeserver.pid'),
    log_config: at('log.yaml'),
    macaroon_secret_key: 'interop',
    form_secret: 'interop',
    report_stats: false,
    bcrypt_rounds: 4,
    enable_registration: true,
    enable_registration_without_verification: true,
    allow_public_rooms_over_federation: true,
    room_list_publication_rules: [{ action: 'allow' }],
    allow_device_name_lookup_over_federation: true,
    ...rateLimits,
  };
};

/** The chattier parts are kept quiet: writing it all costs Synapse a tenth of its time. */
const logConfig = {
  version: 1,
  formatters: { line: { format: '%(asctime)s %(levelname)s %(name)s %(request)s %(message)s' } },
  filters: { context: { '()': 'synapse.logging.context.LoggingContextFilter' } },
  handlers: { console: { class: 'logging.StreamHandler', formatter: 'line', filters: ['context'] } },
  root: { level: 'WARNING', handlers: ['console'] },
};

/** Writes down how the server is to be, and starts it. `python` has Synapse (see requirements.txt). */
export const startSynapse = async (python: string, place: Place): Promise<Homeserver> => {
  const { directory, clientPort } = place;
  const baseUrl = `http://127.0.0.1:${clientPort}`;
  const at = (name: string): string => join(directory, name);
  const oldKeys: Record<string, object> = {};
  let key: SigningKey;
  let child: ChildProcess | undefined;
  let output = '';

  const writeConfig = (): void => {
    key = newSigningKey();
    writeFileSync(at('signing.key'), key.line);
    writeFileSync(at('log.yaml'), stringify(logConfig));
    writeFileSync(at('homeserver.yaml'), stringify(configOf(place, oldKeys)));
  };

  const listen = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-OUTPUT_LENGTH_MAX);
  };

  const server: Homeserver = {
    kind: 'synapse',
    baseUrl,
    serverName: serverNameOf(place),
    output: () => output,
    async start() {
      const started = spawn(python, ['-m', 'synapse.app.homeserver', '-c', at('homeserver.yaml')], {
        cwd: directory,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      child = started;
      started.stdout.on('data', listen);
      started.stderr.on('data', listen);
      await until(
        'answer of Synapse',
        async () => {
          if (started.exitCode !== null) return true;
          return (await fetch(`${baseUrl}/_matrix/client/versions`)).ok;
        },
        START_TIMEOUT_MS,
      );
      if (started.exitCode !== null) throw new Error(`Synapse ended with ${started.exitCode}:\n${output}`);
    },
    async stop(signal = 'SIGTERM') {
      const ending = child;
      child = undefined;
      if (!ending || ending.exitCode !== null || ending.signalCode !== null) return;
      const ended = new Promise((resolve) => ending.once('exit', resolve));
      ending.kill(signal);
      await ended;
    },
    async rotateKey() {
      await server.stop();
      oldKeys[key.keyId] = { key: key.publicKey, expired_ts: Date.now() };
      writeConfig();
      await server.start();
    },
    [Symbol.asyncDispose]: () => server.stop('SIGKILL'),
  };
  writeConfig();
  process.once('exit', () => child?.kill('SIGKILL'));
  await server.start();
  return server;
};
