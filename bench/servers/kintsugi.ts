// Kintsugi as `npm start` starts it with examples/load-test.yaml: SQLite, no rate limits, otherwise its defaults.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../scripts/run-command.ts';
import { tls } from '../federation/tls.ts';
import type { ServerKind } from './server-kind.ts';

interface Package {
  readonly version: string;
  readonly scripts: { readonly start: string };
}

const readPackage = (): Package => JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as Package;

/** What `npm start` runs: variables, Node with its arguments, the program, `serve`. */
const startWords = readPackage().scripts.start.split(' ');
const nodeAt = startWords.indexOf('node');
const startArgs = startWords.slice(nodeAt + 1);
const startVariables = Object.fromEntries(startWords.slice(0, nodeAt).map((word) => word.split('=')));

/** Further arguments for Node, for profiles: `KINTSUGI_NODE_ARGS='--cpu-prof --cpu-prof-dir=/tmp/prof'`. */
const nodeArgs = (process.env.KINTSUGI_NODE_ARGS ?? '').split(' ').filter(Boolean);

const federationArgs = (port: number): string[] => [
  ...['--listen-tls', `127.0.0.1:${port}`],
  ...['--tls-cert', tls.certificate, '--tls-key', tls.key],
];

export const kintsugi: ServerKind = {
  name: 'kintsugi',
  async prepare() {
    const { version } = readPackage();
    const commit = spawnSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: projectRoot, encoding: 'utf8' });
    return commit.status === 0 ? `${version} (${commit.stdout.trim()})` : version;
  },
  async configure() {},
  command: ({ directory, port, serverName, federationPort }) => ({
    program: process.execPath,
    args: [
      ...nodeArgs,
      ...startArgs.map((arg) => (arg.endsWith('.js') ? join(projectRoot, arg) : arg)),
      ...['--config', join(projectRoot, 'examples/load-test.yaml')],
      ...['--data', directory, '--listen', `127.0.0.1:${port}`, '--server-name', serverName],
      ...(federationPort === undefined ? [] : federationArgs(federationPort)),
    ],
    env: { ...startVariables, ...(federationPort !== undefined && { KINTSUGI_EXTRA_CA: tls.authority }) },
  }),
};
