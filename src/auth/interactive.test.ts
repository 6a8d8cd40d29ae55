import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type AccountsOptions,
  type AccountsUnderTest,
  openAccounts,
  testAuthConfig,
} from '../../tests/harness/accounts.ts';
import { createRegistrationToken } from '../storage/stores/registration-tokens.ts';

const REGISTER = '/_matrix/client/v3/register';
const PASSWORD = '/_matrix/client/v3/account/password';

let server: AccountsUnderTest;
const reopen = async (options: AccountsOptions): Promise<void> => {
  await server[Symbol.asyncDispose]();
  server = await openAccounts(options);
};
beforeEach(async () => {
  server = await openAccounts();
});
afterEach(() => server[Symbol.asyncDispose]());

describe('interactive authentication', () => {
  it('asks with flows and a session and without an errcode, then goes on', async () => {
    const wishes = { username: 'alice', password: 'password' };
    const first = await server.ask('POST', REGISTER, wishes);
    expect(first.status).toBe(401);
    expect(first.json).toEqual({
      flows: [{ stages: ['m.login.dummy'] }],
      params: {},
      session: expect.any(String),
    });
    const auth = { type: 'm.login.dummy', session: first.json.session };
    const second = await server.ask('POST', REGISTER, { ...wishes, auth });
    expect(second.status).toBe(200);
    expect(second.json).toMatchObject({ user_id: '@alice:here.test', home_server: 'here.test' });
    // The session served its request.
    const third = await server.ask('POST', REGISTER, { username: 'bob', password: 'password', auth });
    expect(third.status).toBe(401);
    expect(third.json).toMatchObject({ errcode: 'M_UNAUTHORIZED', flows: [{ stages: ['m.login.dummy'] }] });
    expect(third.json.session).not.toBe(auth.session);
  });

  it('remembers the parameters for a request that brings only its session', async () => {
    const first = await server.ask('POST', REGISTER, { username: 'alice', password: 'password' });
    const auth = { type: 'm.login.dummy', session: first.json.session };
    expect((await server.ask('POST', REGISTER, { auth })).json.user_id).toBe('@alice:here.test');
  });

  it('takes parameters that come after an empty first request', async () => {
    const first = await server.ask('POST', REGISTER, {});
    const auth = { type: 'm.login.dummy', session: first.json.session };
    const second = await server.ask('POST', REGISTER, { username: 'alice', password: 'password', auth });
    expect(second.json.user_id).toBe('@alice:here.test');
  });

  it('walks through stages in their order, with wrong data answered by the flow again', async () => {
    const terms = [{ id: 'tos', version: '2', name: 'Terms', url: 'https://here.test/tos', language: 'en' }];
    const registration = { ...testAuthConfig.registration, dummy: false, tokenRequired: true, terms };
    await reopen({ config: { registration } });
    await server.db.write(createRegistrationToken, { token: 'tok', usesMax: 1, expiresTs: null, now: 0 });
    const wishes = { username: 'alice', password: 'password' };
    const { session, params } = (await server.ask('POST', REGISTER, wishes)).json;
    expect(params).toEqual({
      'm.login.terms': { policies: { tos: { version: '2', en: { name: 'Terms', url: 'https://here.test/tos' } } } },
    });
    const attempt = (auth: object) => server.ask('POST', REGISTER, { ...wishes, auth: { session, ...auth } });
    const early = await attempt({ type: 'm.login.terms' });
    expect(early.status).toBe(401);
    expect(early.json).toMatchObject({ errcode: 'M_UNRECOGNIZED', session });
    const wrong = await attempt({ type: 'm.login.registration_token', token: 'wrong' });
    expect(wrong.status).toBe(401);
    expect(wrong.json).toMatchObject({ errcode: 'M_FORBIDDEN', session });
    expect(wrong.json.completed).toBeUndefined();
    const right = await attempt({ type: 'm.login.registration_token', token: 'tok' });
    expect(right.json).toMatchObject({ completed: ['m.login.registration_token'], session });
    expect(right.json.errcode).toBeUndefined();
    // A completed stage is not judged again.
    const again = await attempt({ type: 'm.login.registration_token', token: 'wrong' });
    expect(again.json.completed).toEqual(['m.login.registration_token']);
    expect((await attempt({ type: 'm.login.terms' })).status).toBe(200);
    // The token was good for one account.
    const validity = '/_matrix/client/v1/register/m.login.registration_token/validity?token=tok';
    expect((await server.ask('GET', validity)).json).toEqual({ valid: false });
  });

  it('is tied to the request, its caller and its parameters', async () => {
    const alice = await server.register('alice');
    const bob = await server.register('bob');
    const change = { new_password: 'another one' };
    const { session } = (await server.ask('POST', PASSWORD, change, alice.access_token)).json;
    const auth = {
      type: 'm.login.password',
      identifier: { type: 'm.id.user', user: 'alice' },
      password: 'password',
      session,
    };
    const outcomes = [
      await server.ask('POST', '/_matrix/client/v3/account/deactivate', { auth }, alice.access_token),
      await server.ask('POST', PASSWORD, { ...change, auth }, bob.access_token),
      await server.ask('POST', PASSWORD, { new_password: 'something else', auth }, alice.access_token),
    ];
    expect(outcomes.map(({ status, json }) => [status, json.errcode])).toEqual(Array(3).fill([403, 'M_FORBIDDEN']));
    expect((await server.ask('POST', PASSWORD, { ...change, auth }, alice.access_token)).status).toBe(200);
  });

  it('answers a wrong password with 401 and the flow, another user with 403', async () => {
    const alice = await server.register('alice');
    await server.register('bob');
    const attempt = (user: string, password: string) =>
      server.ask(
        'DELETE',
        `/_matrix/client/v3/devices/${alice.device_id}`,
        { auth: { type: 'm.login.password', identifier: { type: 'm.id.user', user }, password } },
        alice.access_token,
      );
    const wrong = await attempt('alice', 'wrong');
    expect(wrong.status).toBe(401);
    expect(wrong.json).toMatchObject({ errcode: 'M_FORBIDDEN', error: 'Invalid password', params: {} });
    expect(wrong.json.session).toEqual(expect.any(String));
    expect((await attempt('bob', 'password')).status).toBe(403);
    expect((await attempt('@alice:here.test', 'password')).status).toBe(200);
    expect((await server.ask('GET', '/_matrix/client/v3/account/whoami', undefined, alice.access_token)).status).toBe(
      401,
    );
  });

  it('forgets a session after its time', async () => {
    const { session } = (await server.ask('POST', REGISTER, { username: 'alice', password: 'password' })).json;
    await server.clock.advance(3_600_001);
    const late = await server.ask('POST', REGISTER, { auth: { type: 'm.login.dummy', session } });
    expect(late.json.errcode).toBe('M_UNAUTHORIZED');
  });

  it('can be done in the browser', async () => {
    const { session } = (await server.ask('POST', REGISTER, { username: 'alice', password: 'password' })).json;
    const path = '/_matrix/client/v3/auth/m.login.dummy/fallback/web';
    const page = await server.ask('GET', `${path}?session=${String(session)}%22%3E`);
    expect(page.headers['content-type']).toContain('text/html');
    expect(page.text).toContain('&quot;&gt;');
    const reply = await server.askForm(path, new URLSearchParams({ session: String(session) }));
    expect(reply.text).toContain('window.onAuthDone');
    expect((await server.ask('POST', REGISTER, { auth: { session } })).json.user_id).toBe('@alice:here.test');
    expect((await server.askForm(path, new URLSearchParams({ session: 'unknown' }))).status).toBe(401);
    expect(
      (await server.askForm('/_matrix/client/v3/auth/m.login.sso/fallback/web', new URLSearchParams())).status,
    ).toBe(404);
  });
});
