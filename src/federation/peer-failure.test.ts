import { expect, test } from 'vitest';
import { PeerError } from '../peers/peer-error.ts';
import type { ServerName } from '../protocol/ids/branded.ts';
import { peerFailure } from './peer-failure.ts';

const failure = (server: string, stage: PeerError['stage'], message: string, errcode?: string, status?: number) =>
  new PeerError(server as ServerName, stage, message, {
    ...(errcode !== undefined && { errcode }),
    ...(status !== undefined && { status }),
  });

test('tells what each server said, and the most telling of their errors', () => {
  const error = peerFailure('The room could not be joined', [
    failure('down.test', 'tcp', 'connection refused'),
    failure('a.test', 'application', 'HTTP status 403 M_FORBIDDEN: You are banned.', 'M_FORBIDDEN', 403),
    failure('b.test', 'application', 'HTTP status 404 M_NOT_FOUND', 'M_NOT_FOUND', 404),
  ]);
  expect(error).toMatchObject({ status: 403, errcode: 'M_FORBIDDEN' });
  expect(error.message).toBe(
    'The room could not be joined: down.test (tcp): connection refused; a.test says: HTTP status 403 M_FORBIDDEN: You are banned; b.test says: HTTP status 404 M_NOT_FOUND.',
  );
});

test.each<[string, PeerError[], string]>([
  ['nobody to ask', [], '404 M_NOT_FOUND'],
  ['nobody knows it', [failure('a.test', 'application', 'x', 'M_NOT_FOUND', 404)], '404 M_NOT_FOUND'],
  ['nobody can be reached', [failure('a.test', 'dns', 'x')], '502 M_UNKNOWN'],
  // "the Client-Server API request SHOULD fail with a 5xx error rather than being passed through"
  ['our own mistake', [failure('a.test', 'application', 'x', 'M_INVALID_PARAM', 400)], '502 M_UNKNOWN'],
  [
    'a restricted room',
    [failure('a.test', 'application', 'x', 'M_UNABLE_TO_GRANT_JOIN', 400)],
    '400 M_UNABLE_TO_GRANT_JOIN',
  ],
  ['a blocked invite', [failure('a.test', 'application', 'x', 'M_INVITE_BLOCKED', 403)], '403 M_INVITE_BLOCKED'],
])('%s', (_what, failures, expected) => {
  const { status, errcode } = peerFailure('It failed', failures);
  expect(`${status} ${errcode}`).toBe(expected);
});
