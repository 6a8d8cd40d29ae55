// The rules of the house that no linter knows, one function each over one parsed file. STYLE.md explains them.

import { posix } from 'node:path';
import type { Part } from '../../architecture.ts';
import { looksLikeSql } from './looks-like-sql.ts';
import type { Found, Import, Source } from './read-source.ts';

export interface Violation {
  readonly rule: string;
  readonly path: string;
  readonly line: number;
  readonly message: string;
}

export interface House {
  /** Names of the parts, in order. */
  readonly parts: readonly Part[];
  /** Files that were longer than the limit when it came, with the length each may have at most. */
  readonly longFiles: Readonly<Record<string, number>>;
}

type Rule = (source: Source, house: House) => Violation[];

const lineCountMax = 400;
const portCountMax = 5;

const isTest = ({ path }: Source): boolean => path.endsWith('.test.ts') || path.startsWith('tests/');
const isSrc = ({ path }: Source): boolean => path.startsWith('src/');

/** The part a path belongs to; undefined outside src. */
const partOf = (path: string): string | undefined => /^src\/([^/]+)\//.exec(path)?.[1];

/** The path an import leads to, from the root of the project; undefined for packages and built-in modules. */
const targetOf = (source: Source, { specifier }: Import): string | undefined =>
  specifier.startsWith('.') ? posix.normalize(posix.join(posix.dirname(source.path), specifier)) : undefined;

const violation = (rule: string, source: Source, line: number, message: string): Violation => ({
  rule,
  path: source.path,
  line,
  message,
});

const importOrder: Rule = (source, { parts }) => {
  if (!isSrc(source)) return [];
  const order = parts.map(({ name }) => name);
  const own = order.indexOf(partOf(source.path) ?? '');
  if (own === -1) return [violation('part', source, 1, 'the file belongs to no part of architecture.ts')];
  return source.imports.flatMap((imported) => {
    const target = targetOf(source, imported);
    if (target === undefined || target === 'package.json') return [];
    const part = partOf(target);
    if (part === undefined) {
      return isTest(source) ? [] : [violation('order', source, imported.line, `${target} lies outside src`)];
    }
    if (order.indexOf(part) <= own && order.includes(part)) return [];
    return [
      violation('order', source, imported.line, `${order[own]} imports ${part}, which stands below it (${target})`),
    ];
  });
};

/** Parts that stand above in the order and are out of bounds all the same. */
const bannedParts: Readonly<Record<string, readonly string[]>> = { rooms: ['http', 'peers'], api: ['storage'] };

const bans: Rule = (source) => {
  const part = partOf(source.path) ?? '';
  return source.imports.flatMap((imported) => {
    const target = partOf(targetOf(source, imported) ?? '') ?? '';
    return bannedParts[part]?.includes(target) && !isTest(source)
      ? [violation('ban', source, imported.line, `${part} never imports ${target}`)]
      : [];
  });
};

const pureProtocol: Rule = (source) => {
  if (partOf(source.path) !== 'protocol' || isTest(source)) return [];
  return source.imports
    .filter(({ specifier }) => !specifier.startsWith('.') && specifier !== 'node:crypto')
    .map(({ specifier, line }) =>
      violation('protocol', source, line, `protocol imports only lib, protocol and node:crypto, not ${specifier}`),
    );
};

const sqlInStorage: Rule = (source) => {
  if (!isSrc(source) || isTest(source) || partOf(source.path) === 'storage') return [];
  return source.literals
    .filter(({ text }) => looksLikeSql(text))
    .map(({ text, line }) => violation('sql', source, line, `SQL outside src/storage: ${text.trim().slice(0, 50)}`));
};

const outsideWorld: Rule = (source) => {
  if (!isSrc(source) || isTest(source) || source.path.startsWith('src/http/outbound/')) return [];
  const clients = source.imports.filter(({ specifier, typeOnly, names }) => {
    if (typeOnly) return false;
    if (/^node:https?$/.test(specifier)) return partOf(source.path) !== 'http' || names.includes('request');
    return /^undici(\/|$)/.test(specifier);
  });
  const what = 'requests to the outside are made by src/http/outbound alone';
  return [
    ...clients.map(({ specifier, line }) => violation('outbound', source, line, `import of ${specifier}: ${what}`)),
    ...source.globals
      .filter(({ text }) => text === 'fetch()')
      .map(({ line }) => violation('outbound', source, line, `fetch: ${what}`)),
  ];
};

const environment: Rule = (source) => {
  if (!isSrc(source) || isTest(source) || ['config', 'cli'].includes(partOf(source.path) ?? '')) return [];
  const named = source.imports.filter(({ specifier, names }) => specifier === 'node:process' && names.includes('env'));
  return [...source.globals.filter(({ text }) => text === 'process.env'), ...named].map(({ line }) =>
    violation('environment', source, line, 'process.env is read by config and cli alone'),
  );
};

const clock: Rule = (source) => {
  if (!isSrc(source) || isTest(source) || partOf(source.path) === 'lib') return [];
  const uses = source.globals.filter(({ text }) => text !== 'fetch()' && text !== 'process.env');
  const imported = source.imports
    .filter(({ specifier, typeOnly }) => /^node:(perf_hooks|timers\/promises)$/.test(specifier) && !typeOnly)
    .map(({ specifier, line }): Found => ({ text: specifier, line }));
  return [...uses, ...imported].map(({ text, line }) =>
    violation('clock', source, line, `${text}: time and chance come from lib`),
  );
};

const length: Rule = (source, { longFiles }) => {
  if (isTest(source)) return [];
  const allowed = longFiles[source.path];
  if (allowed === undefined) {
    return source.lineCount > lineCountMax
      ? [violation('length', source, source.lineCount, `${source.lineCount} lines; the limit is ${lineCountMax}`)]
      : [];
  }
  if (source.lineCount <= lineCountMax) {
    return [violation('length', source, 1, 'short enough now: take it off scripts/architecture/long-files.json')];
  }
  return source.lineCount > allowed
    ? [violation('length', source, source.lineCount, `${source.lineCount} lines; the exception allows ${allowed}`)]
    : [];
};

const ports: Rule = (source) =>
  isSrc(source) && source.path.endsWith('/ports.ts') && source.interfaces.length > portCountMax
    ? [
        violation(
          'ports',
          source,
          1,
          `${source.interfaces.length} ports; more than ${portCountMax} means that the order of parts is wrong`,
        ),
      ]
    : [];

const emptyWords = ['util', 'utils', 'helper', 'helpers', 'manager', 'service', 'base'];

const naming: Rule = (source) => {
  const name = posix.basename(source.path).replace(/(\.test)?\.(ts|tsx)$/, '');
  const empty = name.split('-').find((word) => emptyWords.includes(word));
  return [
    ...(/^[a-z0-9]+(-[a-z0-9]+)*(\.\w+)*$/.test(name)
      ? []
      : [violation('name', source, 1, 'file names are kebab-case')]),
    ...(empty ? [violation('name', source, 1, `"${empty}" says nothing: name the file after what it does`)] : []),
  ];
};

const header: Rule = (source) => {
  if (isTest(source)) return [];
  const [first = '', second = ''] = source.firstLines;
  const line = first.startsWith('#!') ? second : first;
  return line.startsWith('// ')
    ? []
    : [violation('header', source, 1, 'the file begins with one sentence: what, for whom')];
};

const unfinished: Rule = (source) =>
  source.comments
    .filter(({ text }) => /\b(TODO|FIXME|XXX|HACK)\b|@ts-(ignore|nocheck|expect-error)/.test(text))
    .map(({ text, line }) => violation('unfinished', source, line, `not finished: ${text.trim().slice(0, 60)}`));

export const rules: readonly Rule[] = [
  importOrder,
  bans,
  pureProtocol,
  sqlInStorage,
  outsideWorld,
  environment,
  clock,
  length,
  ports,
  naming,
  header,
  unfinished,
];
