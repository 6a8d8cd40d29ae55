// Holds the code to architecture.ts and to the rules of STYLE.md that can be measured. Part of `npm run check`.

import { globSync, readFileSync } from 'node:fs';
import { join, posix, sep } from 'node:path';
import { type Part, parts } from '../architecture.ts';
import longFiles from './architecture/long-files.json' with { type: 'json' };
import { readSource } from './architecture/read-source.ts';
import { type House, rules, type Violation } from './architecture/rules.ts';
import { projectRoot } from './run-command.ts';

const folders = ['src', 'scripts', 'bench', 'tests'];
const isLeftOut = (path: string): boolean => /(^|\/)(node_modules|\.tmp|generated|results|data)\//.test(path);

export interface Tree {
  /** Folder that holds src. */
  readonly root: string;
  readonly parts?: readonly Part[];
  readonly longFiles?: House['longFiles'];
}

/** Every violation under `root`, in the order of the paths; the path and line of each are for an editor to open. */
export const checkArchitecture = (tree: Tree): Violation[] => {
  const house: House = { parts: tree.parts ?? parts, longFiles: tree.longFiles ?? longFiles };
  const files = globSync(`{${folders.join(',')}}/**/*.{ts,tsx}`, { cwd: tree.root })
    .map((path) => path.split(sep).join(posix.sep))
    .filter((path) => !isLeftOut(path))
    .sort();
  const gone = Object.keys(house.longFiles).filter((path) => !files.includes(path));
  return [
    ...files.flatMap((path) => {
      const source = readSource(path, readFileSync(join(tree.root, path), 'utf8'));
      return rules.flatMap((rule) => rule(source, house));
    }),
    ...gone.map((path) => ({ rule: 'length', path, line: 1, message: 'no such file: take it off long-files.json' })),
  ];
};

export const formatViolation = ({ path, line, rule, message }: Violation): string =>
  `${path}:${line} [${rule}] ${message}`;

if (import.meta.main) {
  const violations = checkArchitecture({ root: projectRoot });
  for (const violation of violations) console.log(formatViolation(violation));
  console.log(violations.length === 0 ? 'The house is in order.' : `${violations.length} violations`);
  process.exitCode = violations.length === 0 ? 0 : 1;
}
