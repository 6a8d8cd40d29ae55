import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import manifest from '../package.json' with { type: 'json' };
import { projectRoot } from './run-command.ts';

interface LockFile {
  readonly packages: Readonly<Record<string, { readonly license?: string; readonly dev?: boolean }>>;
}

const read = (path: string): string => readFileSync(join(projectRoot, path), 'utf8');
const direct = { ...manifest.dependencies, ...manifest.optionalDependencies, ...manifest.devDependencies };

test('every dependency has an exact version and its reason in docs/dependencies.md, and nothing else stands there', () => {
  expect(Object.entries(direct).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  const rows = read('docs/dependencies.md').match(/^\| `.*$/gm) ?? [];
  const named = rows.flatMap((row) => row.split('|')[1]?.match(/[^`,\s]+/g) ?? []);
  expect(new Set(named)).toEqual(new Set(Object.keys(direct)));
});

const compatible = ['MIT', 'Apache-2.0', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD', 'BlueOak-1.0.0', 'Unlicense'];
// libvips is a library of its own, loaded dynamically; lightningcss is a tool of the test runner and never shipped.
const exceptions = [/^@img\/sharp-/, /^lightningcss(-|$)/];

test('every installed package has a licence that goes with Apache-2.0', () => {
  const { packages } = JSON.parse(read('package-lock.json')) as LockFile;
  const doubtful = Object.entries(packages).flatMap(([path, { license }]) => {
    const name = path.replace(/^.*node_modules\//, '');
    const choices = (license ?? 'none').replace(/[()]/g, '').split(' OR ');
    const isFine = choices.some((choice) => choice.split(' AND ').every((each) => compatible.includes(each)));
    return path === '' || isFine || exceptions.some((exception) => exception.test(name)) ? [] : [`${name}: ${license}`];
  });
  expect(doubtful).toEqual([]);
});
