// What a person reads when a command fails: cause and remedy. A stack only for our own mistakes.

import { ConfigError } from '../config/config-error.ts';

const hasRemedy = (error: unknown): error is Error & { remedy: string } =>
  error instanceof Error && 'remedy' in error && typeof error.remedy === 'string';

/** What the file system says wherever it is asked. */
const remedies: Readonly<Record<string, string>> = {
  ENOSPC: 'The disk is full. Free space on the file system of the data directory.',
  EDQUOT: 'The disk quota is used up. Free space, or raise the quota of the user the server runs as.',
  EROFS: 'The file system is mounted read-only. Mount it for writing; see the system log for disk errors.',
};

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
  const remedy = error instanceof Error && remedies[(error as NodeJS.ErrnoException).code ?? ''];
  if (remedy) return `${error.message}\n  What to do: ${remedy}\n`;
  return `Kintsugi failed by a mistake of its own; please report this:\n${error instanceof Error ? error.stack : String(error)}\n`;
}
