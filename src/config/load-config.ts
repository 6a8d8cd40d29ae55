// The configuration: defaults, then the file, then the environment, then flags; checked as a whole.

import { readFileSync } from 'node:fs';
import { checkValues } from './check-values.ts';
import { ConfigError, type ConfigProblem } from './config-error.ts';
import { crossCheck } from './cross-check.ts';
import { type Environment, type GivenValue, readEnvironment } from './environment.ts';
import type { Config } from './schema.ts';
import { getPath, isTree, leafKeys, rootNode, type SchemaNode, setPath, type Tree } from './schema-tree.ts';
import { parseYaml, type YamlSource } from './yaml-source.ts';

export interface ConfigInput {
  /** Path of the YAML file. Without one, defaults. */
  readonly file?: string | undefined;
  readonly environment?: Environment;
  /** Values from the command line, which win over all others. */
  readonly flags?: readonly GivenValue[];
}

export interface LoadedConfig {
  readonly config: Config;
  /** Things that work but should be known. */
  readonly warnings: readonly ConfigProblem[];
}

function readText(path: string, key: string, source: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : String(cause);
    throw new ConfigError([{ source, key, message: `cannot read ${path}: ${why}` }]);
  }
}

/** The value, or its default; sections and their items are filled recursively. */
function withDefaults(node: SchemaNode, value: unknown): unknown {
  if (node.properties) {
    const given = isTree(value) ? value : {};
    const entries = Object.entries(node.properties).map(([name, child]) => [name, withDefaults(child, given[name])]);
    return Object.fromEntries(entries.filter(([, filled]) => filled !== undefined));
  }
  if (value === undefined || value === null) return structuredClone(node.default);
  if (Array.isArray(value) && node.items) return value.map((item) => withDefaults(node.items as SchemaNode, item));
  return value;
}

/** `secretFile: PATH` is the same as `secret: <what stands in PATH>`, without line ends around it. */
function readSecretFiles(tree: Tree, where: (path: readonly string[]) => string): void {
  for (const { path, node } of leafKeys()) {
    if (!node.secret) continue;
    const filePath = [...path.slice(0, -1), `${path.at(-1)}File`];
    const file = getPath(tree, filePath);
    if (typeof file !== 'string') continue;
    if (getPath(tree, path) !== undefined) {
      const message = `give ${path.at(-1)} or ${filePath.at(-1)}, not both`;
      throw new ConfigError([{ source: where(filePath), key: filePath.join('.'), message }]);
    }
    setPath(tree, path, readText(file, filePath.join('.'), where(filePath)).trim());
  }
}

/** Throws ConfigError, which names every problem with its key and place. */
export function loadConfig({ file, environment = process.env, flags = [] }: ConfigInput = {}): LoadedConfig {
  const yaml: YamlSource | undefined = file === undefined ? undefined : parseYaml(readText(file, '', '--config'), file);
  const fromEnvironment = readEnvironment(environment);
  const tree: Tree = structuredClone(yaml?.tree ?? {});
  const fileProblems = checkValues(rootNode, tree, (path) => yaml?.where(path) ?? 'defaults');
  const sources = new Map<string, string>();
  if (fileProblems.length === 0) {
    for (const { path, value, source } of [...fromEnvironment.values, ...flags]) {
      setPath(tree, path, value);
      sources.set(path.join('.'), source);
    }
  }
  const where = (path: readonly string[]): string => {
    for (let length = path.length; length > 0; length--) {
      const source = sources.get(path.slice(0, length).join('.'));
      if (source) return source;
    }
    return yaml?.where(path) ?? 'defaults';
  };
  const problems = fileProblems.length > 0 ? fileProblems : checkValues(rootNode, tree, where);
  if (problems.length > 0) throw new ConfigError(problems);
  readSecretFiles(tree, where);
  const config = withDefaults(rootNode, tree) as Config;
  const crossProblems = crossCheck(config, where);
  const isNamed = getPath(tree, ['serverName']) !== undefined;
  if (!isNamed && environment.NODE_ENV === 'production') {
    crossProblems.push({
      source: where([]),
      key: 'serverName',
      message: 'must be given in production; it is for ever',
    });
  }
  if (crossProblems.length > 0) throw new ConfigError(crossProblems);
  return { config, warnings: [...fromEnvironment.warnings, ...adviceOn(config, isNamed, where)] };
}

function adviceOn(config: Config, isNamed: boolean, where: (path: readonly string[]) => string): ConfigProblem[] {
  const advice: ConfigProblem[] = [];
  if (!isNamed) {
    const message = 'not given, so this server is called "localhost": good for trying out, unreachable for others';
    advice.push({ source: where(['serverName']), key: 'serverName', message });
  }
  if (config.registration.enabled && config.registration.dummy) {
    const message = 'anybody who can reach this server may make accounts; never do this in public';
    advice.push({ source: where(['registration', 'dummy']), key: 'registration.dummy', message });
  }
  return advice;
}
