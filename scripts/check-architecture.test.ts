import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { checkArchitecture, formatViolation, type Tree } from './check-architecture.ts';
import { projectRoot } from './run-command.ts';

const roots: string[] = [];

afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true });
});

/** Violations of a tree made of these files; a file without a header sentence gets one. */
const violationsIn = (files: Record<string, string>, options: Omit<Tree, 'root'> = {}): string[] => {
  const root = mkdtempSync(join(tmpdir(), 'kintsugi-house-'));
  roots.push(root);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(
      join(root, path),
      text.startsWith('#') || text.startsWith('/') ? text : `// What, for whom.\n${text}`,
    );
  }
  return checkArchitecture({ root, longFiles: {}, ...options }).map(formatViolation);
};

const lines = (count: number): string => `// What, for whom.\n${'export {};\n'.repeat(count - 1)}`;

describe('order of the parts', () => {
  test.each([
    ['import', "import { x } from '../sync/x.ts';"],
    ['type import', "import type { X } from '../sync/x.ts';"],
    ['export from', "export { x } from '../sync/x.ts';"],
    ['export all', "export * from '../sync/x.ts';"],
    ['dynamic import', "await import('../sync/x.ts');"],
    ['type of an import', "export type X = import('../sync/x.ts').X;"],
    ['side effect', "import '../sync/x.ts';"],
  ])('%s', (_, text) => {
    expect(violationsIn({ 'src/rooms/a.ts': text })).toEqual([
      'src/rooms/a.ts:2 [order] rooms imports sync, which stands below it (src/sync/x.ts)',
    ]);
    expect(violationsIn({ 'src/api/a.ts': text })).toEqual([]);
  });

  test('within a part, and from a folder deep inside it', () => {
    expect(violationsIn({ 'src/api/client/rooms/a.ts': "import '../../../rooms/x.ts';\nimport './b.ts';" })).toEqual(
      [],
    );
    expect(violationsIn({ 'src/rooms/send/a.ts': "import '../../cli/x.ts';" })).toHaveLength(1);
  });

  test('a folder that is no part, a file in no part, an import that leaves src', () => {
    expect(violationsIn({ 'src/extras/a.ts': '' })).toHaveLength(1);
    expect(violationsIn({ 'src/a.ts': '' })).toHaveLength(1);
    expect(violationsIn({ 'src/rooms/a.ts': "import '../../tests/harness/x.ts';" })).toHaveLength(1);
    expect(violationsIn({ 'src/rooms/a.test.ts': "import '../../tests/harness/x.ts';" })).toEqual([]);
    expect(violationsIn({ 'src/rooms/a.test.ts': "import '../api/x.ts';" })).toHaveLength(1);
    expect(violationsIn({ 'src/config/a.ts': "import '../../package.json' with { type: 'json' };" })).toEqual([]);
  });
});

test('rooms never imports http or peers, api never imports storage', () => {
  expect(violationsIn({ 'src/rooms/a.ts': "import '../http/x.ts';\nimport '../peers/x.ts';" })).toHaveLength(2);
  expect(violationsIn({ 'src/api/a.ts': "import type { ReadTx } from '../storage/database.ts';" })).toHaveLength(1);
  expect(violationsIn({ 'src/sync/a.ts': "import '../http/x.ts';\nimport '../storage/x.ts';" })).toEqual([]);
});

test('protocol imports only lib, protocol and node:crypto', () => {
  expect(violationsIn({ 'src/protocol/a.ts': "import { readFileSync } from 'node:fs';" })).toHaveLength(1);
  expect(violationsIn({ 'src/protocol/a.ts': "import pino from 'pino';" })).toHaveLength(1);
  expect(violationsIn({ 'src/protocol/a.ts': "import 'node:crypto';\nimport '../lib/x.ts';" })).toEqual([]);
  expect(violationsIn({ 'src/protocol/a.test.ts': "import { test } from 'vitest';" })).toEqual([]);
});

describe('SQL outside storage', () => {
  test.each([
    'SELECT 1',
    'select id\n from rooms ',
    'INSERT INTO rooms (id) VALUES (?)',
    'insert or ignore into rooms values (1)',
    'UPDATE rooms SET name = ?',
    'DELETE FROM rooms',
    'delete from rooms where id = ?',
    'CREATE TABLE rooms (id INTEGER)',
    'create unique index by_name on rooms (name)',
    'ALTER TABLE rooms ADD COLUMN x',
    'WITH RECURSIVE chain AS (SELECT 1)',
    'PRAGMA user_version',
    'BEGIN',
  ])('%s', (sql) => {
    for (const literal of [`'${sql.replace('\n', '\\n')}'`, `\`${sql}\``]) {
      expect(violationsIn({ 'src/sync/a.ts': `export const q = ${literal};` })).toHaveLength(1);
      expect(violationsIn({ 'src/storage/a.ts': `export const q = ${literal};` })).toEqual([]);
      expect(violationsIn({ 'src/sync/a.test.ts': `export const q = ${literal};` })).toEqual([]);
    }
  });

  test('a template with interpolations', () => {
    const text = 'export const q = (t: string) => `SELECT id FROM $' + '{t} WHERE x = 1`;';
    expect(violationsIn({ 'src/sync/a.ts': text })).toHaveLength(1);
  });

  test.each([
    'Select a room from the list',
    'DELETE /_matrix/client/v3/devices/{deviceId}',
    'Update the profile',
    'Delete from your devices',
    'with a smile',
    'create',
    'Insert coin',
  ])('not SQL: %s', (text) => {
    expect(violationsIn({ 'src/sync/a.ts': `export const t = '${text}';` })).toEqual([]);
  });
});

test('only http/outbound talks to the outside', () => {
  const texts = [
    "import { request } from 'undici';",
    "import { request } from 'node:https';",
    "export const x = await fetch('https://example.org');",
    "export const x = await globalThis.fetch('https://example.org');",
  ];
  for (const text of texts) {
    expect(violationsIn({ 'src/federation/a.ts': text })).toHaveLength(1);
    expect(violationsIn({ 'src/http/outbound/a.ts': text })).toEqual([]);
  }
  expect(violationsIn({ 'src/http/inbound/a.ts': "import { createServer } from 'node:http';" })).toEqual([]);
  expect(violationsIn({ 'src/api/a.ts': "import type { IncomingHttpHeaders } from 'node:http';" })).toEqual([]);
});

test('only config and cli read the environment', () => {
  const texts = [
    'export const x = process.env.HOME;',
    "export const x = process['env'];",
    'export const { env } = process;',
    "import { env } from 'node:process';",
  ];
  for (const text of texts) {
    expect(violationsIn({ 'src/storage/a.ts': text })).toHaveLength(1);
    expect(violationsIn({ 'src/config/a.ts': text, 'src/cli/a.ts': text })).toEqual([]);
  }
});

test('only lib knows time and chance', () => {
  const texts = [
    'export const x = Date.now();',
    'export const now = Date.now;',
    'export const x = new Date();',
    'export const x = Math.random();',
    'export const x = performance.now();',
    "import { performance } from 'node:perf_hooks';",
  ];
  for (const text of texts) {
    expect(violationsIn({ 'src/rooms/a.ts': text })).toHaveLength(1);
    expect(violationsIn({ 'src/lib/a.ts': text, 'src/rooms/a.test.ts': text })).toEqual([]);
  }
  expect(violationsIn({ 'src/rooms/a.ts': 'export const x = (ms: number) => new Date(ms);' })).toEqual([]);
});

test('files have at most 400 lines, and the list of exceptions only shrinks', () => {
  expect(violationsIn({ 'src/rooms/a.ts': lines(400), 'src/rooms/a.test.ts': lines(900) })).toEqual([]);
  expect(violationsIn({ 'src/rooms/a.ts': lines(401) })).toHaveLength(1);
  const longFiles = { 'src/rooms/a.ts': 500 };
  expect(violationsIn({ 'src/rooms/a.ts': lines(500) }, { longFiles })).toEqual([]);
  expect(violationsIn({ 'src/rooms/a.ts': lines(501) }, { longFiles })).toHaveLength(1);
  expect(violationsIn({ 'src/rooms/a.ts': lines(300) }, { longFiles })).toHaveLength(1);
  expect(violationsIn({}, { longFiles })).toHaveLength(1);
});

test('a part has at most five ports', () => {
  const ports = (count: number) =>
    Array.from({ length: count }, (_, i) => `export interface Port${i} { call(): void }`).join('\n');
  expect(violationsIn({ 'src/rooms/ports.ts': ports(5) })).toEqual([]);
  expect(violationsIn({ 'src/rooms/ports.ts': ports(6) })).toHaveLength(1);
  const others = `export type Ports = Port0 & Port1;\nexport interface Shape { readonly a: number }\n${ports(5)}`;
  expect(violationsIn({ 'src/rooms/ports.ts': others })).toEqual([]);
  const functions = `export type Call = () => void;\nexport interface Other { call: () => void }\n${ports(4)}`;
  expect(violationsIn({ 'src/rooms/ports.ts': functions })).toHaveLength(1);
});

test('names, headers and unfinished work', () => {
  expect(violationsIn({ 'src/rooms/sendEvent.ts': '' })).toHaveLength(1);
  expect(violationsIn({ 'src/rooms/room-utils.ts': '' })).toHaveLength(1);
  expect(violationsIn({ 'src/lib/base64.ts': '', 'src/appservices/a.ts': '' })).toEqual([]);
  expect(violationsIn({ 'src/rooms/a.ts': '/* What. */\n' })).toHaveLength(1);
  expect(violationsIn({ 'src/cli/a.ts': '#!/usr/bin/env node\n// What, for whom.\n' })).toEqual([]);
  expect(violationsIn({ 'src/rooms/a.ts': `export {}; // ${'TO'}DO: later` })).toHaveLength(1);
  expect(violationsIn({ 'src/rooms/a.ts': `// @ts-${'ignore'}\nexport {};` })).toHaveLength(1);
});

test('the house is in order', () => {
  expect(checkArchitecture({ root: projectRoot }).map(formatViolation)).toEqual([]);
});
