// GET /_matrix/static/client/login/: a page that logs in, for clients that know none of the ways to.

import { endpoint } from '../../../http/inbound/endpoint.ts';
import { htmlPage } from './fallback-page.ts';

const html = `<form><label>User name<input name="user" autocomplete="username" required autofocus></label>
<label>Password<input name="password" type="password" autocomplete="current-password" required></label>
<button>Log in</button><p role="alert"></p></form>`;

/** "Non-credential parameters valid for the /login endpoint can be provided as query string parameters here." */
const script = `const form = document.querySelector('form');
form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const forwarded = Object.fromEntries(new URLSearchParams(location.search));
  delete forwarded.access_token;
  if (forwarded.refresh_token) forwarded.refresh_token = forwarded.refresh_token === 'true';
  const body = { ...forwarded, type: 'm.login.password', password: form.password.value,
    identifier: { type: 'm.id.user', user: form.user.value } };
  const alert = document.querySelector('[role=alert]');
  try {
    const answer = await fetch('/_matrix/client/v3/login', { method: 'POST',
      headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
    const result = await answer.json();
    if (!answer.ok) alert.textContent = result.error;
    else if (window.matrixLogin && window.matrixLogin.onLogin) window.matrixLogin.onLogin(result);
    else alert.textContent = 'Logged in, but the client does not listen.';
  } catch (error) {
    alert.textContent = String(error);
  }
});`;

export const getLoginFallback = endpoint({
  route: 'GET /_matrix/static/client/login/',
  also: ['GET /_matrix/static/client/login'],
  spec: 'client-server-api/#login-fallback',
  auth: 'none',
  limit: 'none',
  handle: () => Promise.resolve(htmlPage('Log in', html, script)),
});
