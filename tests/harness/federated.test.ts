import { expect, test } from 'vitest';
import { startFederation } from './federated.ts';

test('servers fetch keys and versions of each other by signed calls', async () => {
  await using federation = await startFederation();
  const [a, b] = federation.servers;
  const version = await a!.parts.peers.call({
    destination: b!.name,
    method: 'GET',
    path: '/_matrix/federation/v1/version',
    timeoutMs: 10_000,
    responseSizeBytesMax: 10_000,
  });
  expect(version.json()).toMatchObject({ server: { name: 'Kintsugi' } });
  const { signingKey } = b!.parts.identity;
  const want = { server: b!.name, keyId: signingKey.keyId, atTs: a!.parts.clock.now() };
  const find = await a!.parts.peers.keysFor([want], 10_000);
  expect(find(b!.name, signingKey.keyId)).toMatchObject({ publicKey: signingKey.publicKey });
});

test('a server that was stopped starts again with what it had', async () => {
  await using federation = await startFederation([{}]);
  const [server] = federation.servers;
  const alice = await server!.register('alice');
  await server!.stop();
  await server!.start();
  expect(await server!.parts.accounts.findAccount(alice.userId as never)).toBeDefined();
});
