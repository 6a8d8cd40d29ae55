import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AccountsUnderTest, openAccounts } from '../../tests/harness/accounts.ts';
import type { JsonObject } from '../protocol/events/json.ts';
import type { UserId } from '../protocol/ids/branded.ts';

let server: AccountsUnderTest;
let alice: Awaited<ReturnType<AccountsUnderTest['register']>>;
beforeEach(async () => {
  server = await openAccounts({
    ports: {
      queryProfile: async (userId) => (userId === '@r:there.test' ? { displayname: 'R', extra: 1 } : undefined),
    },
  });
  alice = await server.register('alice');
});
afterEach(() => server[Symbol.asyncDispose]());

const own = (method: string, path: string, body?: object) =>
  server.ask(method, `/_matrix/client/v3${path}`, body, alice.access_token);
const anonymous = (path: string) => server.ask('GET', `/_matrix/client/v3${path}`);

describe('profiles', () => {
  it('hold free fields, and pass names and avatars on to rooms', async () => {
    const put = (name: string, value: unknown) => own('PUT', `/profile/${alice.user_id}/${name}`, { [name]: value });
    expect((await put('displayname', 'Alice')).json).toEqual({});
    await put('displayname', 'Alice');
    await put('avatar_url', 'mxc://here.test/abc');
    await put('m.tz', 'Europe/Berlin');
    await put('org.example.job', { title: ['x', null] });
    expect(server.calls.propagated).toEqual([alice.user_id, alice.user_id]);
    expect((await anonymous(`/profile/${alice.user_id}`)).json).toEqual({
      displayname: 'Alice',
      avatar_url: 'mxc://here.test/abc',
      'm.tz': 'Europe/Berlin',
      'org.example.job': { title: ['x', null] },
    });
    expect((await anonymous(`/profile/${alice.user_id}/org.example.job`)).json).toEqual({
      'org.example.job': { title: ['x', null] },
    });
    await put('avatar_url', '');
    expect((await own('DELETE', `/profile/${alice.user_id}/displayname`)).json).toEqual({});
    expect((await own('DELETE', `/profile/${alice.user_id}/displayname`)).json).toEqual({});
    expect(server.calls.propagated).toHaveLength(4);
    expect((await anonymous(`/profile/${alice.user_id}/displayname`)).json.errcode).toBe('M_NOT_FOUND');
    const codes: unknown[] = [];
    for (const [name, body] of [
      ['displayname', { displayname: 1 }],
      ['displayname', { other: 'x' }],
      ['avatar_url', { avatar_url: 'https://here.test/a' }],
      ['Upper', { Upper: 1 }],
      ['x'.repeat(256), { x: 1 }],
      ['big', { big: 'x'.repeat(65_536) }],
    ] as const) {
      codes.push((await own('PUT', `/profile/${alice.user_id}/${name}`, body)).json.errcode);
    }
    expect(codes).toEqual([
      'M_BAD_JSON',
      'M_MISSING_PARAM',
      'M_INVALID_PARAM',
      'M_INVALID_PARAM',
      'M_KEY_TOO_LARGE',
      'M_PROFILE_TOO_LARGE',
    ]);
  });

  it("are everybody's to read and their owner's to write, here and elsewhere", async () => {
    const bob = await server.register('bob');
    const path = `/_matrix/client/v3/profile/${alice.user_id}/displayname`;
    expect((await server.ask('PUT', path, { displayname: 'B' }, bob.access_token)).json.errcode).toBe('M_FORBIDDEN');
    expect((await anonymous('/profile/@r:there.test')).json).toEqual({ displayname: 'R', extra: 1 });
    expect((await anonymous('/profile/@r:there.test/displayname')).json).toEqual({ displayname: 'R' });
    expect((await anonymous('/profile/@x:there.test')).status).toBe(404);
    expect((await anonymous('/profile/@nobody:here.test')).status).toBe(404);
    expect((await anonymous('/profile/nonsense')).json.errcode).toBe('M_INVALID_PARAM');
  });
});

describe('account data and filters', () => {
  it('are kept for their owner, but for types that the server manages', async () => {
    const path = `/user/${alice.user_id}/account_data`;
    expect((await own('PUT', `${path}/a.type`, { n: 1 })).json).toEqual({});
    expect((await own('GET', `${path}/a.type`)).json).toEqual({ n: 1 });
    expect((await own('GET', `${path}/other`)).json.errcode).toBe('M_NOT_FOUND');
    for (const type of ['m.push_rules', 'm.fully_read']) {
      const refused = await own('PUT', `${path}/${type}`, {});
      expect([refused.status, refused.json.errcode]).toEqual([405, 'M_BAD_JSON']);
    }
    const { access_token } = await server.register('bob');
    const others = await server.ask('GET', `/_matrix/client/v3${path}/a.type`, undefined, access_token);
    expect([others.status, others.json.errcode]).toEqual([403, 'M_FORBIDDEN']);
    const unknown = `/user/${alice.user_id}/rooms/!nowhere:here.test`;
    expect((await own('PUT', `${unknown}/account_data/a`, {})).status).toBe(404);
    expect((await own('GET', `/user/${alice.user_id}/rooms/nonsense/tags`)).json.errcode).toBe('M_INVALID_PARAM');
    const big = await own('PUT', `${path}/big`, { text: 'x'.repeat(90_000) });
    expect(big.status).toBe(200);
  });

  it('tell whom a user ignores as soon as they do', async () => {
    const { user } = (await server.accounts.findAccount(alice.user_id))!;
    const ignored = async () => [...(await server.accounts.ignoredUsers(user))];
    expect(await ignored()).toEqual([]);
    const path = `/user/${alice.user_id}/account_data/m.ignored_user_list`;
    await own('PUT', path, { ignored_users: { '@bob:here.test': {} } });
    expect(await ignored()).toEqual(['@bob:here.test']);
    await own('PUT', path, { ignored_users: {} });
    expect(await ignored()).toEqual([]);
  });

  it('store a filter and give it back', async () => {
    const path = `/user/${alice.user_id}/filter`;
    const filter: JsonObject = { room: { timeline: { limit: 5 } } };
    const { filter_id } = (await own('POST', path, filter)).json;
    expect((await own('POST', path, filter)).json.filter_id).toBe(filter_id);
    expect((await own('GET', `${path}/${String(filter_id)}`)).json).toEqual(filter);
    expect((await own('GET', `${path}/99`)).status).toBe(404);
    expect((await own('GET', `${path}/x`)).status).toBe(404);
    expect((await own('POST', path, { room: { timeline: { limit: 'five' } } })).json.errcode).toBe('M_BAD_JSON');
    const { user } = (await server.accounts.findAccount(alice.user_id))!;
    expect((await server.accounts.compiledFilter(user, String(filter_id))).room.timeline.limit).toBe(5);
    await expect(server.accounts.compiledFilter(user, '99')).rejects.toMatchObject({ errcode: 'M_NOT_FOUND' });
  });
});

describe('accounts', () => {
  it('are deactivated once their owner confirms it', async () => {
    const auth = { type: 'm.login.password', identifier: { type: 'm.id.user', user: 'alice' }, password: 'password' };
    const ended = await own('POST', '/account/deactivate', { auth, erase: true });
    expect(ended.json).toEqual({ id_server_unbind_result: 'success' });
    expect(server.calls.departed).toEqual([alice.user_id]);
    expect((await own('GET', '/account/whoami')).status).toBe(401);
    expect((await anonymous(`/profile/${alice.user_id}`)).status).toBe(404);
    const login = { type: 'm.login.password', identifier: auth.identifier, password: 'password' };
    expect((await server.ask('POST', '/_matrix/client/v3/login', login)).json.errcode).toBe('M_FORBIDDEN');
    expect((await anonymous('/register/available?username=alice')).json.errcode).toBe('M_USER_IN_USE');
  });

  it('are locked and suspended by administrators alone', async () => {
    const { user } = (await server.accounts.findAccount(alice.user_id))!;
    const bob = await server.register('bob');
    const path = (what: string, userId: UserId) => `/_matrix/client/v1/admin/${what}/${userId}`;
    const put = (what: string, userId: UserId, body: object) =>
      server.ask('PUT', path(what, userId), body, alice.access_token);
    expect((await put('lock', bob.user_id, { locked: true })).json.errcode).toBe('M_FORBIDDEN');
    await server.accounts.setAccountFlags(user, { isAdmin: true });
    expect((await put('lock', bob.user_id, { locked: true })).json).toEqual({ locked: true });
    expect((await put('suspend', bob.user_id, { suspended: true })).json).toEqual({ suspended: true });
    const locked = await server.ask('GET', path('lock', bob.user_id), undefined, alice.access_token);
    expect(locked.json).toEqual({ locked: true });
    const logout = await server.ask('POST', '/_matrix/client/v3/logout', {}, bob.access_token);
    expect(logout.status).toBe(200);
    const codes: unknown[] = [];
    for (const userId of ['@x:there.test', '@nobody:here.test', alice.user_id] as UserId[]) {
      codes.push((await put('lock', userId, { locked: true })).json.errcode);
    }
    expect(codes).toEqual(['M_INVALID_PARAM', 'M_NOT_FOUND', 'M_FORBIDDEN']);
  });

  it('show from where their devices were seen, a little late', async () => {
    await own('GET', '/account/whoami');
    await server.auth.flushLastSeen();
    const whois = (await own('GET', `/admin/whois/${alice.user_id}`)).json;
    expect(whois).toMatchObject({
      user_id: alice.user_id,
      devices: {
        [alice.device_id]: { sessions: [{ connections: [{ ip: '127.0.0.1', last_seen: expect.any(Number) }] }] },
      },
    });
    expect((await own('GET', '/devices')).json).toMatchObject({ devices: [{ last_seen_ip: '127.0.0.1' }] });
    expect((await own('GET', '/admin/whois/@bob:here.test')).json.errcode).toBe('M_FORBIDDEN');
  });

  it('vouch for their owner to other services', async () => {
    const path = `/user/${alice.user_id}/openid/request_token`;
    const { access_token, matrix_server_name } = (await own('POST', path, {})).json;
    expect(matrix_server_name).toBe('here.test');
    const userInfo = (token: unknown) =>
      server.ask('GET', `/_matrix/federation/v1/openid/userinfo?access_token=${String(token)}`);
    expect((await userInfo(access_token)).json).toEqual({ sub: alice.user_id });
    expect((await userInfo('other')).json.errcode).toBe('M_UNKNOWN_TOKEN');
    expect((await server.ask('GET', '/_matrix/client/v3/account/whoami', undefined, String(access_token))).status).toBe(
      401,
    );
  });
});
