// Synapse from PyPI, in a virtual environment of its own: SQLite, no rate limits, otherwise its defaults.

import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { projectRoot, runCommand } from '../../scripts/run-command.ts';
import { tls } from '../federation/tls.ts';
import type { ServerKind } from './server-kind.ts';

const VERSION = '1.163.2';
const environment = process.env.BENCH_SYNAPSE_VENV ?? join(projectRoot, 'bench/.tmp/venv');
const python = join(environment, 'bin/python');

const run = async (program: string, ...args: string[]): Promise<string> => {
  const { code, output } = await runCommand(program, args);
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}:\n${output}`);
  return output.trim();
};

const install = async (): Promise<void> => {
  console.log(`Installing matrix-synapse ${VERSION} from PyPI into ${environment} …`);
  await mkdir(environment, { recursive: true });
  const made = await runCommand('python3', ['-m', 'venv', environment]);
  if (made.code !== 0) {
    throw new Error(`python3 -m venv failed. On Debian: apt-get install python3-venv\n${made.output}`);
  }
  await run(python, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', `matrix-synapse==${VERSION}`);
};

/** Rates far above what any client here asks: the limiter's own work stays, its refusals do not come. */
const unlimited = '{ per_second: 1000000, burst_count: 1000000 }';

const overrides = `
enable_registration: true
enable_registration_without_verification: true
suppress_key_server_warning: true
trusted_key_servers: []
# Registration and login are not measured; the least number of rounds makes 2,000 accounts in bearable time.
bcrypt_rounds: 4
rc_message: ${unlimited}
rc_registration: ${unlimited}
rc_registration_token_validity: ${unlimited}
rc_login: { address: ${unlimited}, account: ${unlimited}, failed_attempts: ${unlimited} }
rc_admin_redaction: ${unlimited}
rc_joins: { local: ${unlimited}, remote: ${unlimited} }
rc_joins_per_room: ${unlimited}
rc_invites: { per_room: ${unlimited}, per_user: ${unlimited}, per_issuer: ${unlimited} }
rc_room_creation: ${unlimited}
rc_presence: { per_user: ${unlimited} }
rc_key_requests: ${unlimited}
`;

const listener = (port: number): string => `
listeners:
  - { port: ${port}, type: http, bind_addresses: ['127.0.0.1'], resources: [{ names: [client] }] }
`;

/** Below the listener for clients, whose list it goes on with. */
const federation = (port: number): string => `\
  - { port: ${port}, type: http, tls: true, bind_addresses: ['127.0.0.1'], resources: [{ names: [federation] }] }
tls_certificate_path: ${tls.certificate}
tls_private_key_path: ${tls.key}
federation_custom_ca_list: [${tls.authority}]
ip_range_blacklist: []
federation_ip_range_blacklist: []
rc_federation: { window_size: 1000, sleep_limit: 1000000, sleep_delay: 1, reject_limit: 1000000, concurrent: 100 }
`;

export const synapse: ServerKind = {
  name: 'synapse',
  async prepare() {
    if (!existsSync(python)) await install();
    return run(python, '-c', 'import importlib.metadata as m; print(m.version("matrix-synapse"))');
  },
  async configure({ directory, port, serverName, federationPort }) {
    const file = join(directory, 'homeserver.yaml');
    const generate = ['--generate-config', '--report-stats=no', '--server-name', serverName];
    await run(python, '-m', 'synapse.app.homeserver', ...generate, '-c', file, '--data-directory', directory);
    // By itself it logs into the folder that the configuration was made in: the project's.
    const logging = join(directory, `${serverName}.log.config`);
    const atHome = (await readFile(logging, 'utf8')).replace(
      /^( *filename: ).*$/m,
      `$1${join(directory, 'homeserver.log')}`,
    );
    await writeFile(logging, atHome);
    const parts = [overrides, listener(port), federationPort === undefined ? '' : federation(federationPort)];
    await writeFile(join(directory, 'bench.yaml'), parts.join(''));
  },
  command: ({ directory }) => ({
    program: python,
    args: [
      ...['-m', 'synapse.app.homeserver'],
      ...['-c', join(directory, 'homeserver.yaml'), '-c', join(directory, 'bench.yaml')],
    ],
    env: {},
  }),
};
