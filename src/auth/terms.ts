// The documents new users agree to. Client-Server API, "Terms of service at registration".

import type { JsonObject } from '../protocol/events/json.ts';

export interface Term {
  readonly id: string;
  readonly version: string;
  readonly name: string;
  readonly url: string;
  readonly language: string;
}

export type Terms = readonly Term[];

/** As `m.login.terms` stands in `params`; entries with one id are languages of one document. */
export const termsParams = (terms: Terms): JsonObject => {
  const policies: JsonObject = {};
  for (const { id, version, name, url, language } of terms) {
    policies[id] = { ...(policies[id] as JsonObject | undefined), version, [language]: { name, url } };
  }
  return { policies };
};

/** What was agreed to, as kept with the account: ids with versions. */
export const termsVersion = (terms: Terms): string =>
  [...new Set(terms.map(({ id, version }) => `${id}=${version}`))].join(' ');
