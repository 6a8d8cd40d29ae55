// kintsugi version: which release this is, and on what it runs.

import { Command } from 'commander';
import manifest from '../../package.json' with { type: 'json' };

export const versionCommand = (): Command =>
  new Command('version').description('which release this is').action(() => {
    process.stdout.write(`kintsugi ${manifest.version} (Node.js ${process.versions.node})\n`);
  });
