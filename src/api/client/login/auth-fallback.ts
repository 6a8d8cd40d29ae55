// GET and POST /_matrix/client/v3/auth/{type}/fallback/web: a stage of interactive authentication, done in a browser.

import type { Auth } from '../../../auth/auth.ts';
import type { Term } from '../../../auth/terms.ts';
import { type Answer, endpoint } from '../../../http/inbound/endpoint.ts';
import { text } from '../../../http/inbound/params.ts';
import { notFound } from '../../../protocol/errors/matrix-error.ts';
import { escapeHtml, htmlPage } from './fallback-page.ts';

/** The specification's own script: "This page must use the following JavaScript when the authentication has been completed". */
const done = `if (window.onAuthDone) {
    window.onAuthDone();
} else if (window.opener && window.opener.postMessage) {
    window.opener.postMessage("authDone", "*");
}`;

const field = (label: string, name: string, type: string): string =>
  `<label>${label}<input name="${name}" type="${type}" autocomplete="off" required autofocus></label>`;

const termsList = (terms: readonly Term[]): string =>
  terms.map(({ name, url }) => `<p><a href="${escapeHtml(url)}" rel="noreferrer">${escapeHtml(name)}</a></p>`).join('');

/** What the stage asks for; undefined: this stage has no page. */
const inputsOf = (type: string, terms: readonly Term[]): string | undefined => {
  switch (type) {
    case 'm.login.password':
      return field('Password', 'password', 'password');
    case 'm.login.registration_token':
      return field('Registration token', 'token', 'text');
    case 'm.login.terms':
      return `${termsList(terms)}<p>By continuing you agree to these documents.</p>`;
    case 'm.login.dummy':
      return '';
    default:
      return undefined;
  }
};

const form = (type: string, session: string, terms: readonly Term[], problem?: string): Answer => {
  const inputs = inputsOf(type, terms);
  if (inputs === undefined) throw notFound('This stage has no page.');
  const alert = problem === undefined ? '' : `<p role="alert">${escapeHtml(problem)}</p>`;
  const hidden = `<input type="hidden" name="session" value="${escapeHtml(session)}">`;
  const html = `${alert}<form method="post">${hidden}${inputs}<button>Continue</button></form>`;
  return htmlPage('Confirm', html, undefined, problem === undefined ? 200 : 401);
};

const common = {
  spec: 'client-server-api/#fallback',
  auth: 'none',
  limit: 'login',
  params: { type: text },
} as const;

export const getAuthFallback = endpoint({
  ...common,
  route: 'GET /_matrix/client/v3/auth/{type}/fallback/web',
  also: ['GET /_matrix/client/r0/auth/{type}/fallback/web'],
  query: { session: text },
  async handle({ params, query }, { auth }: { auth: Auth }) {
    return form(params.type, query.session, auth.registrationTerms);
  },
});

export const postAuthFallback = endpoint({
  ...common,
  route: 'POST /_matrix/client/v3/auth/{type}/fallback/web',
  also: ['POST /_matrix/client/r0/auth/{type}/fallback/web'],
  body: 'form',
  bodySizeBytesMax: 16_384,
  async handle({ params, body }, { auth }: { auth: Auth }) {
    const session = body.get('session') ?? '';
    const given = Object.fromEntries(['password', 'token'].map((name) => [name, body.get(name)]));
    const refusal = await auth.completeInBrowser(session, params.type, given);
    if (refusal) return form(params.type, session, auth.registrationTerms, refusal.error);
    return htmlPage('Done', '<p>You can close this page and go on in your client.</p>', done);
  },
});
