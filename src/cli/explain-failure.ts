// What a person reads when a command fails: cause and remedy. A stack only for our own mistakes.

import { ConfigError } from '../config/config-error.ts';

const hasRemedy = (error: unknown): error is Error & { remedy: string } =>
  error instanceof Error && 'remedy' in error && typeof error.remedy === 'string';

/** Errors that carry a `remedy` are refusals with a known way out. */
export function explainFailure(error: unknown): string {
  if (error instanceof ConfigError) {
    const lines = error.message.split('\n').map((line) => `  ${line}`);
    return `The configuration cannot be used:\n${lines.join('\n')}\n`;
  }
  if (hasRemedy(error)) {
    const cause = error.message.replace(error.remedy, '').trim();
    return `${cause}\n  What to do: ${error.remedy}\n`;
  }
  return `Kintsugi failed by a mistake of its own; please report this:\n${error instanceof Error ? error.stack : String(error)}\n`;
}
