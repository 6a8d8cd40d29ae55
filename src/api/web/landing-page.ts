// GET /: what people see who open the server's address in a browser.

import type { Config } from '../../config/schema.ts';
import { Answer, endpoint } from '../../http/inbound/endpoint.ts';

const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

const style = `
:root { color-scheme: light dark; --gold: light-dark(#9a6f00, #d9a520); --soft: color-mix(in srgb, currentColor 7%, transparent); }
* { box-sizing: border-box; }
body { font: 1.05rem/1.6 system-ui, sans-serif; max-width: 44rem; margin: 9vh auto 3rem; padding: 0 1.25rem; overflow-wrap: anywhere; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 1.2rem; border-bottom: 3px solid var(--gold); padding-bottom: .6rem; }
h2 { font-size: 1.2rem; margin: 2.2rem 0 .4rem; }
ol { margin: .4rem 0; padding-left: 1.5rem; } li { margin: .9rem 0; }
a { color: var(--gold); }
code { font: .88em ui-monospace, monospace; background: var(--soft); padding: .1em .35em; border-radius: .25em; }
pre { margin: .4rem 0; padding: .6rem .9rem; background: var(--soft); border-left: 3px solid var(--gold); border-radius: .25em; white-space: pre-wrap; }
pre code { background: none; padding: 0; }
footer { margin-top: 3rem; opacity: .75; font-size: .9rem; }`;

const command = (text: string): string => `<pre><code>${text}</code></pre>`;

/** For the operator of a server that is not yet set up. The commands can be copied as they are. */
const firstSteps = `
<p>It has the name <code>localhost</code> and safe defaults: fine for trying it out on this machine.
Nobody can make an account without you.</p>
<h2>Try it</h2>
<ol>
<li>Stop the server with Ctrl+C and make your account. Its password is printed.
${command('npm run kintsugi -- user create alice --admin')}</li>
<li>Start the server again.
${command('npm start')}</li>
<li>Open a <a href="https://matrix.org/ecosystem/clients/">Matrix client</a> and sign in, with the address of this page as
the homeserver.</li>
</ol>
<h2>A server that others can reach</h2>
<ol>
<li>Begin with the example of a configuration.
${command('cp examples/kintsugi.yaml kintsugi.yaml')}
Choose the <code>serverName</code> in it well: it can never be changed. What you tried out stays with the name
<code>localhost</code>, so choose another <code>dataDirectory</code>, too, or move <code>./data</code> away.</li>
<li>Make your account there.
${command('npm run kintsugi -- user create alice --admin --config kintsugi.yaml')}</li>
<li>Start it, behind a reverse proxy that speaks HTTPS, or with a certificate of its own (<code>listenTls</code>).
${command('npm start -- --config kintsugi.yaml')}</li>
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
