import { expect, test } from 'vitest';
import { endpoints } from '../../src/server/endpoints.ts';
import { authDifferences, type Declared, readSpecEndpoints, renderCoverage } from './coverage.ts';

const spec = readSpecEndpoints();
const whoami = (auth: Declared['auth']): Declared => ({
  route: 'GET /_matrix/client/v3/account/whoami',
  also: ['GET /_matrix/client/r0/account/whoami'],
  auth,
});

test('the specification has 235 endpoints, of which a homeserver answers 202', () => {
  expect(spec).toHaveLength(235);
  expect(renderCoverage(spec, [])).toContain('0 of the 202 endpoints');
});

test('a declared endpoint is implemented whatever its parameters are called; other routes are listed as beyond', () => {
  const page = renderCoverage(spec, [
    whoami('guest'),
    { route: 'POST /_matrix/client/v3/rooms/{room}/join', auth: 'guest' },
  ]);
  expect(page).toContain('2 of the 202 endpoints');
  expect(page).toContain('| `POST /_matrix/client/v3/rooms/{roomId}/join` | implemented |');
  expect(page).toContain('| `GET /_matrix/client/v3/sync` | **missing** |');
  expect(page).toContain('- `GET /_matrix/client/r0/account/whoami`');
});

test('an endpoint that asks for less than the specification is found', () => {
  expect(authDifferences(spec, [whoami('guest')])).toEqual([]);
  expect(authDifferences(spec, [whoami('none')])).toHaveLength(1);
});

// Without e-mail addresses or telephone numbers nobody but the token's owner can prove to be the user.
const withToken = ['/_matrix/client/v3/account/deactivate', '/_matrix/client/v3/account/password'].map(
  (path) => `POST ${path}: asks for user, the specification for optional or none`,
);
// Guests may sync, for which clients store a filter, and may end their sessions; their clients ask for a TURN server as all do.
// The table lists none of it.
const alsoForGuests = [
  'GET /_matrix/client/v1/media/config',
  'GET /_matrix/media/v3/config',
  'GET /_matrix/client/v3/voip/turnServer',
  'POST /_matrix/client/v3/user/{userId}/filter',
  'GET /_matrix/client/v3/user/{userId}/filter/{filterId}',
  'POST /_matrix/client/v3/logout',
  'POST /_matrix/client/v3/logout/all',
].map((route) => `${route}: asks for guest, the specification for user or admin`);

test('but for what was decided, every endpoint asks for the authentication that the specification names', () => {
  const declared = endpoints.map(({ declaration }) => declaration);
  expect(authDifferences(spec, declared).sort()).toEqual([...withToken, ...alsoForGuests].sort());
});
