// What the tests need beyond npm packages: finds it, installs it as root on Debian, or says how to install it.

import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, globSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { projectRoot, runCommand } from '../run-command.ts';

export interface Prerequisite {
  readonly name: string;
  /** Debian packages that bring it. */
  readonly packages: readonly string[];
  isThere(): boolean;
  /** Whether any test uses it. */
  isUsed(): boolean;
}

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

const find = (programs: readonly string[], folders: readonly string[]): string | undefined =>
  folders.flatMap((folder) => programs.map((program) => join(folder, program))).find(isExecutable);

const pathFolders = (): string[] => (process.env.PATH ?? '').split(delimiter).filter(Boolean);

/** Every folder that may hold PostgreSQL's server programs; Debian keeps them off the PATH. */
const postgresFolders = (): string[] => [...globSync('/usr/lib/postgresql/*/bin').sort().reverse(), ...pathFolders()];

const postgresVersionMin = 15;

const hasPostgres = (): boolean =>
  postgresFolders().some((folder) => {
    if (!isExecutable(join(folder, 'initdb')) || !isExecutable(join(folder, 'postgres'))) return false;
    const { stdout } = spawnSync(join(folder, 'postgres'), ['--version'], { encoding: 'utf8' });
    return Number(/\(PostgreSQL\) (\d+)/.exec(stdout ?? '')?.[1] ?? 0) >= postgresVersionMin;
  });

const hasPythonVenv = (): boolean => spawnSync('python3', ['-c', 'import ensurepip, venv']).status === 0;

const hasChromium = (): boolean =>
  find(['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'], pathFolders()) !== undefined;

let texts: readonly string[] | undefined;

const testsMention = (word: RegExp) => (): boolean => {
  texts ??= globSync('tests/**/*.ts', { cwd: projectRoot })
    .filter((path) => !path.includes('.tmp'))
    .map((path) => readFileSync(join(projectRoot, path), 'utf8'));
  return texts.some((text) => word.test(text));
};

export const prerequisites: readonly Prerequisite[] = [
  { name: 'PostgreSQL', packages: ['postgresql'], isThere: hasPostgres, isUsed: () => true },
  {
    name: 'Python with venv',
    packages: ['python3', 'python3-venv'],
    isThere: hasPythonVenv,
    isUsed: testsMention(/\bpython3\b/),
  },
  { name: 'Chromium', packages: ['chromium'], isThere: hasChromium, isUsed: testsMention(/from 'playwright-core'/) },
];

/**
 * Looks for each prerequisite, installs what is missing where this process may, and returns what is missing still.
 * Says on the terminal what it installs, or which command would.
 */
export const provide = async (needed: readonly Prerequisite[]): Promise<Prerequisite[]> => {
  const missing = needed.filter((prerequisite) => !prerequisite.isThere());
  if (missing.length === 0) return [];
  const install = ['install', '-y', '--no-install-recommends', ...missing.flatMap(({ packages }) => packages)];
  const names = missing.map(({ name }) => name).join(', ');
  if (process.getuid?.() === 0 && existsSync('/etc/debian_version')) {
    console.log(`Missing: ${names}. Installing: apt-get ${install.join(' ')}`);
    const onOutput = (text: string): void => void process.stdout.write(text);
    const env = { DEBIAN_FRONTEND: 'noninteractive' };
    await runCommand('apt-get', ['update', '-qq'], { onOutput, env });
    await runCommand('apt-get', install, { onOutput, env });
  }
  const still = missing.filter((prerequisite) => !prerequisite.isThere());
  if (still.length > 0) console.log(`Missing: ${names}. Install with: sudo apt-get ${install.join(' ')}`);
  return still;
};
