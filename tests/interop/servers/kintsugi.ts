// Kintsugi, started by its command line as anybody would, with TLS of its own.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startServer, type TestServer } from '../../harness/server.ts';
import { type Homeserver, type Place, serverNameOf, tls } from './homeserver.ts';
import { newSigningKey } from './signing-key.ts';

/** A server that was away is tried again soon, and what is done in the background can be read. */
const env = {
  KINTSUGI_LOGGING_LEVEL: 'info',
  KINTSUGI_EXTRA_CA: tls.authority,
  KINTSUGI_FEDERATION_BACK_OFF_FIRST_MS: '300',
  KINTSUGI_FEDERATION_BACK_OFF_LONGEST_MS: '1000',
};

const replaceKey = (directory: string): void => {
  const log = join(directory, 'signing-keys.log');
  const lines = readFileSync(log, 'utf8').trim().split('\n');
  const retired = { ...JSON.parse(lines.at(-1) ?? '{}'), at: Date.now(), action: 'retired' };
  writeFileSync(log, `${[...lines, JSON.stringify(retired)].join('\n')}\n`);
  writeFileSync(join(directory, 'signing.key'), newSigningKey().line);
};

export const startKintsugi = async (place: Place): Promise<Homeserver> => {
  const { directory, clientPort: port, federationPort, database } = place;
  const serverName = serverNameOf(place);
  let running: TestServer | undefined;
  const outputs: string[] = [];
  const server: Homeserver = {
    kind: 'kintsugi',
    baseUrl: `http://127.0.0.1:${port}`,
    serverName,
    output: () => [...outputs, running?.output() ?? ''].join(''),
    async start() {
      running = await startServer({
        directory,
        port,
        serverName,
        env,
        args: ['--listen-tls', `127.0.0.1:${federationPort}`, '--tls-cert', tls.certificate, '--tls-key', tls.key],
        ...(database !== undefined && { database }),
      });
    },
    async stop(signal) {
      const ending = running;
      await ending?.stop(signal);
      outputs.push(ending?.output() ?? '');
      running = undefined;
    },
    async rotateKey() {
      await server.stop();
      replaceKey(directory);
      await server.start();
    },
    [Symbol.asyncDispose]: () => server.stop(),
  };
  process.once('exit', () => running?.process.kill('SIGKILL'));
  await server.start();
  return server;
};
