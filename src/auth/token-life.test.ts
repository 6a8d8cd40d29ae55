import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AccountsUnderTest, openAccounts, testAuthConfig } from '../../tests/harness/accounts.ts';

let server: AccountsUnderTest;
beforeEach(async () => {
  server = await openAccounts();
});
afterEach(() => server[Symbol.asyncDispose]());

const login = async (body: object = {}) =>
  server.ask('POST', '/_matrix/client/v3/login', {
    type: 'm.login.password',
    identifier: { type: 'm.id.user', user: 'alice' },
    password: 'password',
    ...body,
  });
const whoami = (token: unknown) => server.ask('GET', '/_matrix/client/v3/account/whoami', undefined, String(token));
const refresh = (token: unknown) => server.ask('POST', '/_matrix/client/v3/refresh', { refresh_token: token });

describe('access tokens', () => {
  it('name their user and device until they are logged out', async () => {
    const { access_token, device_id } = await server.register('alice');
    for (let i = 0; i < 2; i++) {
      expect((await whoami(access_token)).json).toEqual({ user_id: '@alice:here.test', device_id, is_guest: false });
    }
    expect((await server.ask('POST', '/_matrix/client/v3/logout', {}, access_token)).json).toEqual({});
    expect((await whoami(access_token)).json).toMatchObject({ errcode: 'M_UNKNOWN_TOKEN', soft_logout: false });
    expect((await whoami('never-given')).json.errcode).toBe('M_UNKNOWN_TOKEN');
  });

  it('end with logout/all, with a new login on the same device, and with a changed password but for the caller', async () => {
    const first = await server.register('alice');
    const phone = (await login({ device_id: 'PHONE' })).json;
    const again = (await login({ device_id: 'PHONE' })).json;
    expect(again.device_id).toBe('PHONE');
    expect((await whoami(phone.access_token)).status).toBe(401);
    expect((await whoami(again.access_token)).status).toBe(200);
    const auth = { type: 'm.login.password', identifier: { type: 'm.id.user', user: 'alice' }, password: 'password' };
    const change = (body: object) =>
      server.ask('POST', '/_matrix/client/v3/account/password', { ...body }, first.access_token);
    expect((await change({ new_password: 'other', logout_devices: false, auth })).status).toBe(200);
    expect((await whoami(again.access_token)).status).toBe(200);
    expect((await change({ new_password: 'third', auth: { ...auth, password: 'other' } })).status).toBe(200);
    expect((await whoami(again.access_token)).status).toBe(401);
    expect((await whoami(first.access_token)).status).toBe(200);
    const more = (await login({ password: 'third' })).json;
    await server.ask('POST', '/_matrix/client/v3/logout/all', {}, first.access_token);
    expect((await whoami(first.access_token)).status).toBe(401);
    expect((await whoami(more.access_token)).status).toBe(401);
  });

  it('expire softly when they can be refreshed, and never when not', async () => {
    const eternal = await server.register('alice');
    const { access_token, refresh_token, expires_in_ms } = (await login({ refresh_token: true })).json;
    expect(expires_in_ms).toBe(60_000);
    expect((await whoami(access_token)).status).toBe(200);
    await server.clock.advance(60_001);
    const expired = await whoami(access_token);
    expect(expired.status).toBe(401);
    expect(expired.json).toMatchObject({ errcode: 'M_UNKNOWN_TOKEN', soft_logout: true });
    expect((await whoami(eternal.access_token)).status).toBe(200);
    const fresh = (await refresh(refresh_token)).json;
    expect((await whoami(fresh.access_token)).status).toBe(200);
  });

  it('stay valid while the refreshed ones are unused, and no longer', async () => {
    await server.register('alice');
    const first = (await login({ refresh_token: true, device_id: 'PHONE' })).json;
    const lost = (await refresh(first.refresh_token)).json;
    expect((await whoami(first.access_token)).status).toBe(200);
    const second = (await refresh(first.refresh_token)).json;
    expect((await whoami(lost.access_token)).status).toBe(401);
    expect((await whoami(second.access_token)).json.device_id).toBe('PHONE');
    expect((await whoami(first.access_token)).status).toBe(401);
    const used = await refresh(first.refresh_token);
    expect([used.status, used.json.errcode, used.json.soft_logout]).toEqual([401, 'M_UNKNOWN_TOKEN', false]);
    const third = (await refresh(second.refresh_token)).json;
    const fourth = (await refresh(third.refresh_token)).json;
    expect((await whoami(second.access_token)).status).toBe(401);
    expect((await whoami(fourth.access_token)).status).toBe(200);
  });

  it('tell about a lock, a suspension and an administrator at once', async () => {
    const { access_token, user_id } = await server.register('alice');
    await whoami(access_token);
    const { user } = (await server.accounts.findAccount(user_id))!;
    await server.accounts.setAccountFlags(user, { isLocked: true });
    const locked = await whoami(access_token);
    expect([locked.status, locked.json.errcode, locked.json.soft_logout]).toEqual([401, 'M_USER_LOCKED', true]);
    expect((await login()).json.errcode).toBe('M_USER_LOCKED');
    await server.accounts.setAccountFlags(user, { isLocked: false, isSuspended: true });
    expect((await whoami(access_token)).status).toBe(200);
    const path = `/_matrix/client/v3/profile/${user_id}/displayname`;
    expect((await server.ask('PUT', path, { displayname: 'A' }, access_token)).json.errcode).toBe('M_USER_SUSPENDED');
  });

  it('are forgotten with sessions that nobody used for long', async () => {
    await server[Symbol.asyncDispose]();
    const sessions = { ...testAuthConfig.sessions, inactiveSessionLifetimeMs: 1_000_000 };
    server = await openAccounts({ config: { sessions } });
    const idle = await server.register('alice');
    const busy = (await login()).json;
    await server.clock.advance(900_000);
    await whoami(busy.access_token);
    await server.auth.flushLastSeen();
    await server.clock.advance(200_000);
    await server.auth.endInactiveSessions();
    expect((await whoami(busy.access_token)).status).toBe(200);
    expect((await whoami(idle.access_token)).status).toBe(401);
  });
});

describe('logging in', () => {
  it('knows the user by localpart, full id and the older field, in any case', async () => {
    await server.register('alice');
    for (const user of ['alice', '@alice:here.test', 'ALICE', '@Alice:here.test']) {
      expect([user, (await login({ identifier: { type: 'm.id.user', user } })).status]).toEqual([user, 200]);
    }
    expect((await login({ identifier: undefined, user: 'alice' })).json.user_id).toBe('@alice:here.test');
  });

  it('refuses unknown users, wrong passwords and third-party identifiers alike', async () => {
    await server.register('alice');
    const refused = [
      await login({ password: 'wrong' }),
      await login({ identifier: { type: 'm.id.user', user: 'nobody' } }),
      await login({ identifier: { type: 'm.id.user', user: '@alice:there.test' } }),
      await login({ identifier: { type: 'm.id.thirdparty', medium: 'email', address: 'a@here.test' } }),
    ];
    expect(refused.map(({ status, text }) => [status, text])).toEqual(Array(4).fill([403, refused[0]!.text]));
    expect((await login({ type: 'm.login.other' })).json.errcode).toBe('M_UNKNOWN');
    expect((await login({ password: undefined })).json.errcode).toBe('M_MISSING_PARAM');
  });

  it('slows down who guesses, and not who knows', async () => {
    await server[Symbol.asyncDispose]();
    server = await openAccounts({ config: { rateLimits: { ...testAuthConfig.rateLimits, enabled: true } } });
    await server.register('alice');
    for (let i = 0; i < 6; i++) expect((await login()).status).toBe(200);
    for (let i = 0; i < 3; i++) expect((await login({ password: 'wrong' })).status).toBe(403);
    const limited = await login();
    expect([limited.status, limited.json.errcode]).toEqual([429, 'M_LIMIT_EXCEEDED']);
    expect(Number(limited.headers['retry-after'])).toBeGreaterThan(0);
    await server.clock.advance(Number(limited.json.retry_after_ms));
    expect((await login()).status).toBe(200);
  });

  it('takes a login token once', async () => {
    const { access_token } = await server.register('alice');
    const auth = { type: 'm.login.password', identifier: { type: 'm.id.user', user: 'alice' }, password: 'password' };
    const { login_token } = (await server.ask('POST', '/_matrix/client/v1/login/get_token', { auth }, access_token))
      .json;
    const byToken = { type: 'm.login.token', token: login_token, identifier: undefined, password: undefined };
    expect((await login(byToken)).json.user_id).toBe('@alice:here.test');
    expect((await login(byToken)).json.errcode).toBe('M_FORBIDDEN');
  });
});
