// What a schema cannot say: names, addresses and networks that must parse, and keys that need each other.

import { parseAddress, parseCidr } from '../lib/address.ts';
import { parseHostPort } from '../lib/host-port.ts';
import { isServerName } from '../protocol/ids/server-name.ts';
import { userIdOf } from '../protocol/ids/user-id.ts';
import { roomVersions } from '../protocol/room-versions/room-versions.ts';
import type { ConfigProblem } from './config-error.ts';
import type { Config } from './schema.ts';

type Where = (path: readonly string[]) => string;

function* checkServer(config: Config): Generator<[string[], string]> {
  if (!isServerName(config.serverName)) {
    yield [['serverName'], `${JSON.stringify(config.serverName)} is no server name; it looks like example.org`];
  }
  if (!Object.hasOwn(roomVersions, config.rooms.defaultVersion)) {
    yield [['rooms', 'defaultVersion'], `there is no room version ${config.rooms.defaultVersion}`];
  }
  if (config.database !== 'sqlite' && !/^postgres(ql)?:\/\//.test(config.database)) {
    yield [['database'], 'must be sqlite, or begin with postgres://'];
  }
  const { publicBaseUrl } = config;
  if (publicBaseUrl !== undefined && !(URL.canParse(publicBaseUrl) && /^https?:/.test(publicBaseUrl))) {
    yield [['publicBaseUrl'], 'must be a URL like https://matrix.example.org'];
  }
}

function* checkFederation({ federation }: Config): Generator<[string[], string]> {
  for (const text of federation.dnsServers) {
    const address = parseHostPort(text)?.host ?? text.replace(/^\[(.*)\]$/, '$1');
    if (!parseAddress(address)) {
      yield [['federation', 'dnsServers'], `${JSON.stringify(text)} must be an IP address, or address:port`];
    }
  }
  for (const text of federation.trustedKeyServers) {
    if (!isServerName(text)) yield [['federation', 'trustedKeyServers'], `${JSON.stringify(text)} is no server name`];
  }
  const { firstMs, longestMs } = federation.backOff;
  if (firstMs > longestMs) yield [['federation', 'backOff'], 'firstMs must not be more than longestMs'];
}

function* checkNetwork(config: Config): Generator<[string[], string]> {
  for (const key of ['listen', 'listenTls'] as const) {
    for (const text of config[key]) {
      if (!parseHostPort(text)) yield [[key], `${JSON.stringify(text)} must be host:port, e.g. 127.0.0.1:8008`];
    }
  }
  const networks: [string[], readonly string[]][] = [
    [['trustedProxies'], config.trustedProxies],
    [['federation', 'allowPrivateAddresses'], config.federation.allowPrivateAddresses],
  ];
  for (const [path, texts] of networks) {
    for (const text of texts) {
      if (!parseCidr(text)) yield [path, `${JSON.stringify(text)} is no network; it looks like 10.0.0.0/8`];
    }
  }
  const { certificateFile, keyFile } = config.tls;
  if ((certificateFile === undefined) !== (keyFile === undefined)) {
    yield [['tls'], 'certificateFile and keyFile go together; one of them is missing'];
  }
  if (config.listenTls.length > 0 && certificateFile === undefined && keyFile === undefined) {
    yield [['listenTls'], 'HTTPS needs tls.certificateFile and tls.keyFile (--tls-cert and --tls-key)'];
  }
  if (config.listen.length === 0 && config.listenTls.length === 0) {
    yield [['listen'], 'the server would listen nowhere; give listen or listenTls'];
  }
}

function* checkServices({ serverName, turn, serverNotices }: Config): Generator<[string[], string]> {
  if (turn.uris.length > 0 && turn.sharedSecret === undefined && (turn.username ?? turn.password) === undefined) {
    yield [['turn'], 'uris need sharedSecret, or username and password'];
  }
  if ((turn.username === undefined) !== (turn.password === undefined)) {
    yield [['turn'], 'username and password go together; one of them is missing'];
  }
  for (const text of turn.uris) {
    if (!/^turns?:/.test(text)) {
      yield [['turn', 'uris'], `${JSON.stringify(text)} must look like turn:turn.example.org?transport=udp`];
    }
  }
  const { localpart } = serverNotices;
  if (localpart !== undefined && isServerName(serverName) && userIdOf(localpart, serverName) === undefined) {
    yield [['serverNotices', 'localpart'], 'may hold only a-z, 0-9 and the characters . _ = - / +'];
  }
}

export function crossCheck(config: Config, where: Where): ConfigProblem[] {
  return [...checkServer(config), ...checkNetwork(config), ...checkFederation(config), ...checkServices(config)].map(
    ([path, message]) => ({ key: path.join('.'), message, source: where(path) }),
  );
}
