// matrix-bot-sdk, as bots use it that do not encrypt: its native cryptography, which an install script would fetch, is left out.

import { registerHooks } from 'node:module';
import type * as BotSdkModule from 'matrix-bot-sdk';
import { checkAgainstSpec } from './spec-schemas.ts';

type BotSdk = typeof BotSdkModule;

export interface LoadedBotSdk {
  readonly sdk: BotSdk;
  /** One for each answer that broke a schema of the specification. */
  readonly violations: readonly string[];
}

interface Answer {
  readonly statusCode: number;
  readonly body: unknown;
}
type Done = (error: unknown, answer: Answer, body: unknown) => void;
type Send = (request: { readonly uri: string; readonly method: string }, done: Done) => void;

const nothing = (): void => {};

const jsonOf = (body: unknown): unknown =>
  typeof body === 'string' && /^[[{]/.test(body) ? JSON.parse(body) : undefined;

/** Call it once in a test file, before anything else imports the SDK. */
export const loadBotSdk = async (): Promise<LoadedBotSdk> => {
  // Its modules are asked for at loading, and used only by a bot with a crypto store.
  const hooks = registerHooks({
    load: (url, context, next) =>
      url.includes('/matrix-sdk-crypto-nodejs/')
        ? { format: 'commonjs', source: 'module.exports = {};', shortCircuit: true }
        : next(url, context),
  });
  const sdk: BotSdk = await import('matrix-bot-sdk');
  hooks.deregister();
  sdk.LogService.setLogger({ info: nothing, warn: nothing, error: nothing, debug: nothing, trace: nothing });
  const violations: string[] = [];
  const send = sdk.getRequestFn() as Send;
  const checked: Send = (request, done) =>
    send(request, (error, answer, body) => {
      const json = jsonOf(body);
      if (json !== undefined) {
        const { pathname } = new URL(request.uri);
        const found = checkAgainstSpec(request.method, pathname, answer.statusCode, json);
        if (found.length > 0) violations.push(`${request.method} ${pathname}: ${found.join('; ')}`);
      }
      done(error, answer, body);
    });
  sdk.setRequestFn(checked);
  return { sdk, violations };
};
