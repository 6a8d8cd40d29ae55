// GET /: what people see who open the server's address in a browser.

import type { Config } from '../../config/schema.ts';
import { Answer, endpoint } from '../../http/inbound/endpoint.ts';

const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

const style = `
:root { color-scheme: light dark; --gold: #b8860b; }
body { font: 1.05rem/1.6 system-ui, sans-serif; max-width: 40rem; margin: 12vh auto 4rem; padding: 0 1.5rem; }
h1 { font-size: 1.9rem; line-height: 1.2; border-bottom: 3px solid var(--gold); padding-bottom: .6rem; }
code { font: .92em ui-monospace, monospace; background: color-mix(in srgb, currentColor 9%, transparent); padding: .1em .35em; border-radius: .25em; }
li { margin: .4rem 0; } footer { margin-top: 3rem; opacity: .7; font-size: .9rem; }`;

/** For the operator of a server that is not yet set up. */
const firstSteps = `
<p>It runs with safe defaults, as <code>localhost</code>: fine for trying it out. For a server that others can reach:</p>
<ol>
<li>Choose its name, for ever: <code>npm start -- --server-name example.org</code>, or copy <code>examples/kintsugi.yaml</code> and edit it.</li>
<li>Make your account: <code>npm run kintsugi -- --help</code> shows how. Nobody can register without a token from you.</li>
<li>Put it behind HTTPS: a reverse proxy to this address, or <code>--listen-tls</code> with a certificate.</li>
</ol>`;

const forVisitors = (serverName: string): string => `
<p>To use it, open any <a href="https://matrix.org/ecosystem/clients/">Matrix client</a>, choose to sign in with another
homeserver, and enter <code>${serverName}</code>.</p>`;

function page(config: Config): string {
  const name = escapeHtml(config.serverName);
  const isLocal = config.serverName === 'localhost';
  const { supportPage } = config.admin;
  const support = supportPage ? `<p>Help: <a href="${escapeHtml(supportPage)}">${escapeHtml(supportPage)}</a></p>` : '';
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${name}</title><style>${style}</style></head><body>
<h1>${name} is a Matrix homeserver</h1>
<p>The server is running.</p>${isLocal ? firstSteps : forVisitors(name)}${support}
<footer>Kintsugi</footer>
</body></html>
`;
}

export const getLandingPage = endpoint({
  route: 'GET /',
  spec: 'kintsugi/operators/#landing-page',
  auth: 'none',
  limit: 'none',
  async handle(_request, { config }: { config: Config }) {
    return new Answer(200, page(config), {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    });
  },
});
