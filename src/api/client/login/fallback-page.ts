// HTML for clients that do not know a stage of authentication: small, without anything from elsewhere.

import { createHash } from 'node:crypto';
import { Answer } from '../../../http/inbound/endpoint.ts';

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => entities[character]!);

const style = `body{font:16px/1.5 system-ui,sans-serif;max-width:26rem;margin:4rem auto;padding:0 1rem}
label,input,button{display:block;width:100%;box-sizing:border-box;margin:.5rem 0;font:inherit;padding:.4rem}
[role=alert]{color:#b00020}`;

const sourceOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** Only the page's own style and script run, by their hashes. `body` is HTML. */
export const htmlPage = (title: string, body: string, script?: string, status = 200): Answer => {
  const text = `<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1"><title>${escapeHtml(title)}</title>
<style>${style}</style></head><body><main><h1>${escapeHtml(title)}</h1>${body}</main>${
    script === undefined ? '' : `<script>${script}</script>`
  }</body></html>`;
  const scripts = script === undefined ? "'none'" : sourceOf(script);
  const policy = `default-src 'none'; style-src ${sourceOf(style)}; script-src ${scripts}; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`;
  return new Answer(status, text, {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': policy,
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cache-Control': 'no-store',
  });
};
