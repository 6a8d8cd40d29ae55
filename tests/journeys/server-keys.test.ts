// Two real servers with TLS, each other's names being their addresses: one vouches for the keys of the other.

import { request } from 'node:https';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { JsonObject } from '../../src/protocol/events/json.ts';
import { verifyJson } from '../../src/protocol/signing/sign-json.ts';
import { tlsFixture } from '../harness/peer-server.ts';
import { freePort, startServer, type TestServer } from '../harness/server.ts';

const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/tls/${name}`, import.meta.url));

interface Started {
  readonly name: string;
  readonly port: number;
  readonly server: TestServer;
}

const start = async (): Promise<Started> => {
  const port = await freePort();
  const name = `127.0.0.1:${port}`;
  const server = await startServer({
    serverName: name,
    args: ['--listen-tls', name, '--tls-cert', fixture('peer.pem'), '--tls-key', fixture('peer.key')],
    env: { KINTSUGI_EXTRA_CA: fixture('peers-ca.pem') },
  });
  return { name, port, server };
};

const get = (port: number, path: string): Promise<JsonObject> =>
  new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path, ca: tlsFixture('peers-ca.pem'), agent: false };
    request(options, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.once('end', () => resolve(JSON.parse(text) as JsonObject));
    })
      .once('error', reject)
      .end();
  });

test('a notary fetches, checks, signs and passes on the keys of another server, and remembers them', async () => {
  await using stack = new AsyncDisposableStack();
  const [one, two] = await Promise.all([start(), start()]);
  stack.use(one.server);
  stack.use(two.server);
  const own = await get(one.port, '/_matrix/key/v2/server');
  const theirs = await get(two.port, '/_matrix/key/v2/server');
  const query = () => get(one.port, `/_matrix/key/v2/query/${two.name}`);
  const keys = ((await query()).server_keys as JsonObject[])[0]!;
  expect(keys).toMatchObject({ server_name: two.name, verify_keys: theirs.verify_keys });
  for (const [server, document] of [
    [one, own],
    [two, theirs],
  ] as const) {
    const [[keyId, key] = []] = Object.entries(document.verify_keys as Record<string, { key: string }>);
    expect(verifyJson(keys, server.name, keyId!, key!.key)).toBe(true);
  }
  await two.server.stop();
  expect(((await query()).server_keys as JsonObject[])[0]).toMatchObject({ server_name: two.name });
});
