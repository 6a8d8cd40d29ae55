// Kintsugi as the load test of the README starts it: SQLite, no rate limits, otherwise its defaults.

import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { projectRoot } from '../../scripts/run-command.ts';
import { SERVER_NAME, type ServerKind } from './server-kind.ts';

/** Further arguments for Node, for profiles: `KINTSUGI_NODE_ARGS='--cpu-prof --cpu-prof-dir=/tmp/prof'`. */
const nodeArgs = (process.env.KINTSUGI_NODE_ARGS ?? '').split(' ').filter(Boolean);

export const kintsugi: ServerKind = {
  name: 'kintsugi',
  async prepare() {
    const { version } = JSON.parse(await readFile(join(projectRoot, 'package.json'), 'utf8')) as { version: string };
    const commit = spawnSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: projectRoot, encoding: 'utf8' });
    return commit.status === 0 ? `${version} (${commit.stdout.trim()})` : version;
  },
  async configure() {},
  command: (directory, port) => ({
    program: process.execPath,
    args: [
      '--disable-warning=ExperimentalWarning',
      ...nodeArgs,
      join(projectRoot, 'src/cli/kintsugi.ts'),
      'serve',
      ...['--config', join(projectRoot, 'examples/load-test.yaml')],
      ...['--data', directory, '--listen', `127.0.0.1:${port}`, '--server-name', SERVER_NAME],
    ],
    env: {},
  }),
};
