// The flags that every command about a server shares, and the configuration they lead to.

import type { Command } from 'commander';
import type { GivenValue } from '../config/environment.ts';
import { type LoadedConfig, loadConfig } from '../config/load-config.ts';

/** These flags are promised to stay. */
const flags: readonly {
  readonly flag: string;
  readonly name: string;
  readonly path: readonly string[];
  readonly help: string;
}[] = [
  {
    flag: '--data <dir>',
    name: 'data',
    path: ['dataDirectory'],
    help: 'where the database, signing key and media are kept',
  },
  {
    flag: '--server-name <name>',
    name: 'serverName',
    path: ['serverName'],
    help: 'the name behind the colon of every user ID',
  },
  { flag: '--database <url>', name: 'database', path: ['database'], help: 'sqlite, or postgres://…' },
  { flag: '--listen <host:port>', name: 'listen', path: ['listen'], help: 'plain HTTP; several with commas' },
  { flag: '--listen-tls <host:port>', name: 'listenTls', path: ['listenTls'], help: 'HTTPS; several with commas' },
  { flag: '--tls-cert <file>', name: 'tlsCert', path: ['tls', 'certificateFile'], help: 'PEM certificate chain' },
  { flag: '--tls-key <file>', name: 'tlsKey', path: ['tls', 'keyFile'], help: 'PEM private key' },
];

export function addConfigFlags(command: Command): Command {
  command.option('--config <file>', 'YAML configuration file (or KINTSUGI_CONFIG)');
  for (const { flag, help } of flags) command.option(flag, help);
  return command;
}

export type FlagValues = Readonly<Record<string, string | undefined>>;

/** The configuration from file, environment and flags. Throws ConfigError. */
export function configFrom(values: FlagValues): LoadedConfig {
  const given: GivenValue[] = flags.flatMap(({ flag, name, path }) => {
    const text = values[name];
    if (text === undefined) return [];
    const value =
      path[0] === 'listen' || path[0] === 'listenTls' ? text.split(',').filter((item) => item !== '') : text;
    return [{ path, value, source: flag.split(' ')[0] as string }];
  });
  const file = values.config ?? process.env.KINTSUGI_CONFIG;
  return loadConfig({ file, environment: process.env, flags: given });
}
