// `fetch` for real clients under test: every answer they get is held against the specification's schemas.

import { findOperation } from './spec-operations.ts';
import { checkAgainstSpec } from './spec-schemas.ts';

export interface CheckedFetch {
  readonly fetch: typeof globalThis.fetch;
  /** One for each answer that broke a schema. */
  readonly violations: readonly string[];
  /** Ends long polls, refuses further requests, and resolves once no answer is outstanding. */
  close(): Promise<void>;
}

const check = async (method: string, pathname: string, answer: Response): Promise<string[]> => {
  // Clients try endpoints of proposals, and must be told that they are unknown.
  const isProposal = pathname.includes('/unstable/') && !findOperation(method, pathname);
  if (isProposal || !answer.headers.get('content-type')?.includes('json')) return [];
  const found = checkAgainstSpec(method, pathname, answer.status, await answer.clone().json());
  return found.map((violation) => `${method} ${pathname} ${answer.status}: ${violation}`);
};

export const createCheckedFetch = (): CheckedFetch => {
  const violations: string[] = [];
  const outstanding = new Set<Promise<unknown>>();
  const closing = new AbortController();
  const ask = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const { pathname } = new URL(input instanceof Request ? input.url : input);
    const signals = [init?.signal, pathname.endsWith('/sync') ? closing.signal : undefined].filter((each) => !!each);
    const answer = await fetch(input, { ...init, signal: AbortSignal.any(signals) });
    violations.push(...(await check(init?.method ?? 'GET', pathname, answer)));
    return answer;
  };
  return {
    violations,
    async fetch(input, init) {
      closing.signal.throwIfAborted();
      const asking = ask(input, init);
      outstanding.add(asking);
      try {
        return await asking;
      } finally {
        outstanding.delete(asking);
      }
    },
    async close() {
      closing.abort();
      while (outstanding.size > 0) await Promise.allSettled(outstanding);
      // What was answered is worked upon before the next turn of the loop.
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
};
