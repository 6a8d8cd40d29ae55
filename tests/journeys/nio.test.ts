// Two people with matrix-nio (Python) and its cryptography, against a real server on each engine.

import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { describeOnBothServers } from '../harness/both-servers.ts';
import { login } from '../harness/client.ts';
import { pythonWith } from '../harness/python-venv.ts';

const INSTALL_TIMEOUT_MS = 300_000;
const folder = new URL('nio/', import.meta.url).pathname;

let python = '';
beforeAll(() => {
  python = pythonWith(join(folder, 'requirements.txt'));
}, INSTALL_TIMEOUT_MS);

describeOnBothServers('matrix-nio', (server) => {
  test('an encrypted room, files, receipts and a second device', async () => {
    const { baseUrl } = server();
    const keys = await mkdtemp(join(tmpdir(), 'kintsugi-nio-'));
    await using stack = new AsyncDisposableStack();
    stack.defer(() => rm(keys, { recursive: true, force: true }));
    const { stdout } = await promisify(execFile)(python, [join(folder, 'talk.py'), baseUrl, keys]);
    const { room, said, ...seen } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
    expect(seen).toEqual({
      talked: {
        name: 'The workshop',
        said: ['Do you read me?', '@alice:kintsugi.test', true],
        answered: ['Loud and clear.', '@bob:kintsugi.test', true],
      },
      reacted: {
        typing: ['@bob:kintsugi.test'],
        receipt: ['@bob:kintsugi.test', 'm.read'],
        reaction: ['👍', true],
        redacted: ['RedactedEvent', 'not so'],
      },
      shared: { arrived: true, encrypted: true },
      // What was said before it existed is locked to the second device.
      history: { devices: 2, locked: 3, pageEnds: true },
      both: ['to both of you', 'to both of you'],
      afterLogout: 'M_UNKNOWN_TOKEN',
    });

    const alice = await login(baseUrl, 'alice', 'a long password');
    const path = `/_matrix/client/v3/rooms/${encodeURIComponent(room)}/event/${encodeURIComponent(said)}`;
    const stored = await alice.ok(alice.get(path));
    expect([stored.type, JSON.stringify(stored).includes('read me')]).toEqual(['m.room.encrypted', false]);
  });
});
