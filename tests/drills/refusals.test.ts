// What must not work does not, and says why and what to do: a start that would harm, a disk without room. Nothing is damaged.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { register } from '../harness/client.ts';
import { launchServer, startServer, type TestServerOptions } from '../harness/server.ts';

const START_TIMEOUT_MS = 60_000;

/** Starts a server that must refuse to; returns what it says. */
const refusal = async (options: TestServerOptions): Promise<string> => {
  await using server = await launchServer(options);
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`it did not refuse:\n${server.output()}`)), START_TIMEOUT_MS);
  const code = await Promise.race([server.ended, late]).finally(() => clearTimeout(timer));
  expect([code, server.output()]).toEqual([1, expect.stringContaining('What to do: ')]);
  return server.output();
};

test('a second process on the same directory', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'kintsugi-refusals-'));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const server = stack.use(await startServer({ directory }));
  const alice = await register(server.baseUrl, 'alice');
  expect(await refusal({ directory })).toContain(`in use by process ${server.process.pid}`);
  await alice.ok(alice.get('/_matrix/client/v3/account/whoami'));
});
