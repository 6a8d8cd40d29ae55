import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AccountsUnderTest, openAccounts, testAuthConfig } from '../../tests/harness/accounts.ts';
import type { UserId } from '../protocol/ids/branded.ts';
import { devicesOf } from '../storage/stores/devices.ts';

let server: AccountsUnderTest;
beforeEach(async () => {
  server = await openAccounts({
    ports: {
      exclusiveOwnerOf: (userId: UserId) => (userId.startsWith('@irc_') ? 'irc' : undefined),
      covers: (appservice, userId) => appservice === 'irc' && userId.startsWith('@irc_'),
    },
  });
});
afterEach(() => server[Symbol.asyncDispose]());

const attempt = (body: object, query = '') =>
  server.ask('POST', `/_matrix/client/v3/register${query}`, {
    password: 'password',
    auth: { type: 'm.login.dummy' },
    ...body,
  });

describe('registration', () => {
  it('keeps to the grammar of user names and says when one is taken, before asking for authentication', async () => {
    await server.register('taken');
    const codes = async (username: string) => {
      const replies = [
        await attempt({ username }),
        await attempt({ username, auth: undefined }),
        await server.ask('GET', `/_matrix/client/v3/register/available?username=${encodeURIComponent(username)}`),
      ];
      return replies.map(({ status, json }) => `${status} ${String(json.errcode)}`);
    };
    for (const username of ['a!b', 'é', 'a:b', '_bridge', '', 'x'.repeat(260)]) {
      const answers = await codes(username);
      expect([username, answers.slice(0, 2)]).toEqual([username, Array(2).fill('400 M_INVALID_USERNAME')]);
    }
    expect(await codes('taken')).toEqual(Array(3).fill('400 M_USER_IN_USE'));
    expect(await codes('TAKEN')).toEqual(Array(3).fill('400 M_USER_IN_USE'));
    expect(await codes('irc_x')).toEqual(Array(3).fill('400 M_EXCLUSIVE'));
    expect((await attempt({ username: 'user-UPPER.q3_=-/+' })).json.user_id).toBe('@user-upper.q3_=-/+:here.test');
  });

  it('takes the wished device, makes up what is left out, and gives no session if asked not to', async () => {
    const wished = await attempt({ username: 'a', device_id: 'MINE', initial_device_display_name: 'My phone' });
    expect(wished.json.device_id).toBe('MINE');
    const path = '/_matrix/client/v3/devices/MINE';
    const device = await server.ask('GET', path, undefined, String(wished.json.access_token));
    const seen = { last_seen_ip: '127.0.0.1', last_seen_ts: expect.any(Number) };
    expect(device.json).toEqual({ device_id: 'MINE', display_name: 'My phone', ...seen });
    // Before it asks for anything: some clients cannot read a list of devices that were never seen.
    const other = await attempt({ username: 'other' });
    const { user } = (await server.accounts.accountNamed('other'))!;
    const [unused] = await server.db.read((tx) => devicesOf(tx, user));
    expect(unused).toMatchObject({ deviceId: other.json.device_id, lastSeenAddress: '127.0.0.1' });
    expect(unused!.lastSeenTs).toBe(server.clock.now());
    const quiet = await attempt({ inhibit_login: true });
    expect(Object.keys(quiet.json).sort()).toEqual(['home_server', 'user_id']);
    expect((await attempt({ username: 'b', password: 'abc' })).json.errcode).toBe('M_WEAK_PASSWORD');
    expect((await attempt({ username: 'b', password: undefined })).json.errcode).toBe('M_MISSING_PARAM');
    expect((await attempt({ username: 'b', refresh_token: true })).json).toMatchObject({
      refresh_token: expect.any(String),
      expires_in_ms: 60_000,
    });
  });

  it('makes guests, who may do little and can become users', async () => {
    const guest = (await attempt({ username: 'ignored', auth: undefined }, '?kind=guest')).json;
    const token = String(guest.access_token);
    const userId = String(guest.user_id);
    expect(userId).toMatch(/^@guest-/);
    const whoami = () => server.ask('GET', '/_matrix/client/v3/account/whoami', undefined, token);
    expect((await whoami()).json.is_guest).toBe(true);
    const put = (field: string, value: string) =>
      server.ask('PUT', `/_matrix/client/v3/profile/${userId}/${field}`, { [field]: value }, token);
    expect((await put('displayname', 'Guest')).status).toBe(200);
    expect((await put('avatar_url', 'mxc://here.test/a')).json.errcode).toBe('M_GUEST_ACCESS_FORBIDDEN');
    const capabilities = await server.ask('GET', '/_matrix/client/v3/capabilities', undefined, token);
    expect(capabilities.json.errcode).toBe('M_GUEST_ACCESS_FORBIDDEN');
    const username = userId.slice(1, userId.indexOf(':'));
    expect((await attempt({ username: 'other', guest_access_token: token })).json.errcode).toBe('M_FORBIDDEN');
    const upgraded = await attempt({ username, guest_access_token: token });
    expect(upgraded.json.user_id).toBe(userId);
    expect((await whoami()).json.is_guest).toBe(false);
    expect((await attempt({ username, guest_access_token: token })).json.errcode).toBe('M_FORBIDDEN');
  });

  it('is refused where it is closed', async () => {
    await server[Symbol.asyncDispose]();
    const closed = { ...testAuthConfig.registration, enabled: false, guests: false, sharedSecret: undefined };
    server = await openAccounts({ config: { registration: closed } });
    const validity = '/_matrix/client/v1/register/m.login.registration_token/validity?token=a';
    const replies = [
      await attempt({ username: 'a' }),
      await attempt({}, '?kind=guest'),
      await server.ask('GET', validity),
    ];
    expect(replies.map(({ status, json }) => [status, json.errcode])).toEqual(Array(3).fill([403, 'M_FORBIDDEN']));
    expect((await server.ask('GET', '/_synapse/admin/v1/register')).status).toBe(400);
  });

  it('makes administrators for who knows the shared secret', async () => {
    const path = '/_synapse/admin/v1/register';
    const send = async (username: string, secret: string, admin: boolean, given?: unknown) => {
      const nonce = given ?? (await server.ask('GET', path)).json.nonce;
      const text = [nonce, username, 'password', admin ? 'admin' : 'notadmin'].join('\0');
      const mac = createHmac('sha1', secret).update(text).digest('hex');
      return { nonce, reply: await server.ask('POST', path, { nonce, username, password: 'password', mac, admin }) };
    };
    const { nonce, reply } = await send('Root', 'shared', true);
    expect(reply.json).toMatchObject({ user_id: '@root:here.test', access_token: expect.any(String) });
    expect((await server.accounts.findAccount('@root:here.test' as UserId))?.isAdmin).toBe(1);
    expect((await send('other', 'shared', true, nonce)).reply.json.errcode).toBe('M_UNKNOWN');
    expect((await send('other', 'wrong', true)).reply.json.errcode).toBe('M_FORBIDDEN');
    expect((await send('us,er', 'shared', false)).reply.json.errcode).toBe('M_INVALID_USERNAME');
    expect((await send('plain', 'shared', false)).reply.status).toBe(200);
    expect((await server.accounts.findAccount('@plain:here.test' as UserId))?.isAdmin).toBe(0);
  });

  it('makes users of application services in their namespaces alone', async () => {
    const made = await server.auth.registerForAppservice('irc', { username: 'irc_nick', inhibit_login: true });
    expect(made).toEqual({ user_id: '@irc_nick:here.test', home_server: 'here.test' });
    const outside = server.auth.registerForAppservice('irc', { username: 'nick' });
    await expect(outside).rejects.toMatchObject({ errcode: 'M_EXCLUSIVE' });
  });
});
