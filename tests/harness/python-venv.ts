// A Python environment for clients written in Python, kept under tests/.tmp and made anew when its requirements change.

import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = new URL('../.tmp/', import.meta.url).pathname;

/** The path of a Python that has the packages of `requirementsFile`. Takes a minute the first time, and the network. */
export const pythonWith = (requirementsFile: string): string => {
  const requirements = readFileSync(requirementsFile);
  const venv = join(folder, `venv-${createHash('sha256').update(requirements).digest('hex').slice(0, 12)}`);
  const python = join(venv, 'bin', 'python');
  const ready = join(venv, 'ready');
  if (existsSync(ready)) return python;
  if (spawnSync('python3', ['-c', 'import ensurepip, venv']).status !== 0) {
    throw new Error('These tests need Python with venv. Install it: apt-get install -y python3 python3-venv');
  }
  rmSync(venv, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const options = { stdio: ['ignore', 'ignore', 'inherit'] as ['ignore', 'ignore', 'inherit'] };
  execFileSync('python3', ['-m', 'venv', venv], options);
  const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirementsFile];
  execFileSync(python, install, options);
  writeFileSync(ready, '');
  return python;
};
