// `fetch` for real clients under test: every answer they get is held against the specification's schemas.

import { findOperation } from './spec-operations.ts';
import { checkAgainstSpec } from './spec-schemas.ts';

export interface CheckedFetch {
  readonly fetch: typeof globalThis.fetch;
  /** One for each answer that broke a schema. */
  readonly violations: readonly string[];
}

export const createCheckedFetch = (): CheckedFetch => {
  const violations: string[] = [];
  return {
    violations,
    async fetch(input, init) {
      const answer = await fetch(input, init);
      const { pathname } = new URL(input instanceof Request ? input.url : input);
      const method = init?.method ?? 'GET';
      // Clients try endpoints of proposals, and must be told that they are unknown.
      const isProposal = pathname.includes('/unstable/') && !findOperation(method, pathname);
      if (!isProposal && answer.headers.get('content-type')?.includes('json')) {
        const found = checkAgainstSpec(method, pathname, answer.status, await answer.clone().json());
        if (found.length > 0) violations.push(`${method} ${pathname} ${answer.status}: ${found.join('; ')}`);
      }
      return answer;
    },
  };
};
