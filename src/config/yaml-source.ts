// The configuration file: YAML, with the line of every key kept for error messages.

import { isMap, LineCounter, parseDocument, type YAMLMap } from 'yaml';
import { ConfigError } from './config-error.ts';
import { isTree, type Tree } from './schema-tree.ts';

export interface YamlSource {
  readonly tree: Tree;
  /** "FILE:LINE" of a key, or of the nearest key above it. */
  where(path: readonly string[]): string;
}

export function parseYaml(text: string, file: string): YamlSource {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, version: '1.2' });
  if (document.errors.length > 0) {
    throw new ConfigError(
      document.errors.map((error) => ({
        source: `${file}:${error.linePos?.[0].line ?? 1}`,
        key: '',
        message: error.message.split('\n')[0] ?? 'no valid YAML',
      })),
    );
  }
  const tree: unknown = document.toJS({ maxAliasCount: 100 }) ?? {};
  if (!isTree(tree)) {
    throw new ConfigError([{ source: `${file}:1`, key: '', message: 'the file must hold "key: value" lines' }]);
  }
  return {
    tree,
    where(path) {
      let line = 1;
      let node: unknown = document.contents;
      for (const name of path) {
        if (!isMap(node)) break;
        const pair = (node as YAMLMap<{ value: string; range: [number, number, number] }>).items.find(
          ({ key }) => key.value === name,
        );
        if (!pair) break;
        line = lines.linePos(pair.key.range[0]).line;
        node = pair.value;
      }
      return `${file}:${line}`;
    },
  };
}
