import { expect, test } from 'vitest';
import { allOperations } from './spec-operations.ts';
import { checkAgainstSpec, violationsOf } from './spec-schemas.ts';

const whoami = '/_matrix/client/v3/account/whoami';

test('an answer as specified has no violation', () => {
  expect(checkAgainstSpec('GET', whoami, 200, { user_id: '@ada:example.org', device_id: 'PHONE' })).toEqual([]);
});

test('a missing field, a wrong type and a malformed identifier are found', () => {
  expect(checkAgainstSpec('GET', whoami, 200, {})).toEqual([
    'GET /_matrix/client/v3/account/whoami 200 /: must have required properties user_id (user_id)',
  ]);
  expect(checkAgainstSpec('GET', whoami, 200, { user_id: '@ada:example.org', is_guest: 'no' })).toEqual([
    'GET /_matrix/client/v3/account/whoami 200 /is_guest: must be boolean',
  ]);
  expect(checkAgainstSpec('GET', whoami, 200, { user_id: 'ada' })).not.toEqual([]);
});

test('a wrong field deep inside /sync is found', () => {
  const sync = (type: unknown) => ({
    next_batch: 's1',
    rooms: {
      join: {
        '!room:example.org': {
          timeline: {
            limited: false,
            events: [
              { type, event_id: '$e', sender: '@ada:example.org', origin_server_ts: 1, content: { body: 'hello' } },
            ],
          },
        },
      },
    },
  });
  expect(checkAgainstSpec('GET', '/_matrix/client/v3/sync?timeout=0', 200, sync('m.room.message'))).toEqual([]);
  expect(checkAgainstSpec('GET', '/_matrix/client/v3/sync', 200, sync(7))).not.toEqual([]);
});

test('an endpoint, a status and a body that the specification does not know are reported', () => {
  expect(checkAgainstSpec('GET', '/_matrix/client/v3/teapot', 200, {})).toEqual([
    'GET /_matrix/client/v3/teapot: unknown endpoint',
  ]);
  expect(checkAgainstSpec('PATCH', whoami, 200, {})).toHaveLength(1);
  expect(checkAgainstSpec('GET', whoami, 204, {})).toHaveLength(1);
  expect(checkAgainstSpec('GET', whoami, 200, undefined)).toHaveLength(1);
});

test('an error is a standard error response, also with a status that the endpoint does not list', () => {
  expect(checkAgainstSpec('GET', whoami, 401, { errcode: 'M_UNKNOWN_TOKEN', error: 'Unknown token' })).toEqual([]);
  expect(checkAgainstSpec('GET', whoami, 500, { errcode: 'M_UNKNOWN', error: 'Sorry' })).toEqual([]);
  expect(checkAgainstSpec('GET', whoami, 500, { message: 'Sorry' })).toHaveLength(1);
});

test('paths find their template: parameters, r0, literal before parameter, empty last parameter', () => {
  const error = { errcode: 'M_NOT_FOUND', error: 'No' };
  for (const path of [
    '/_matrix/client/v3/rooms/!r%3Aexample.org/state/m.room.name/',
    '/_matrix/client/v3/rooms/!r%3Aexample.org/state/m.room.name',
    '/_matrix/client/r0/rooms/!r%3Aexample.org/state/m.room.name/key',
    '/_matrix/federation/v1/event/$abc',
  ]) {
    expect(checkAgainstSpec('GET', path, 404, error)).toEqual([]);
  }
  expect(checkAgainstSpec('GET', '/_matrix/client/v3/pushrules/global/', 200, { override: 'x' })).not.toEqual([]);
});

test('every example answer of the specification agrees with its schema, but for the one that lacks an icon', () => {
  const failures: string[] = [];
  let count = 0;
  for (const { method, path, responses } of allOperations()) {
    for (const [status, response] of Object.entries(responses)) {
      const media = response.content?.['application/json'];
      if (!media?.schema) continue;
      const examples = [
        media.schema.example,
        media.example,
        ...Object.values(media.examples ?? {}).map(({ value }) => value),
      ];
      for (const example of examples.filter((value) => value !== undefined)) {
        count += 1;
        for (const violation of violationsOf(media.schema, example)) {
          failures.push(`${method} ${path} ${status} ${violation}`);
        }
      }
    }
  }
  expect(count).toBeGreaterThan(380);
  expect(failures).toEqual([
    'GET /_matrix/client/v3/thirdparty/protocols 200 /gitter: must have required properties icon (icon)',
    'GET /_matrix/client/v3/thirdparty/protocols 200 /: must not have additional properties',
  ]);
});
