// Structured logs on pino. Secrets are removed by name wherever they stand, up to three levels deep.

import { type DestinationStream, type Logger as PinoLogger, pino, stdTimeFunctions } from 'pino';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  /** A log that adds `fields` to each line. Cheap, but not for each request. */
  child(fields: Record<string, unknown>): Log;
  isEnabled(level: 'debug' | 'info'): boolean;
}

export interface LogOptions {
  readonly level: LogLevel;
  /** json: one object a line, for machines. text: for people. */
  readonly format: 'json' | 'text';
  /** Standard error by default: standard output belongs to commands' results. */
  readonly destination?: { write(line: string): void };
}

const secretNames = [
  'access_token',
  'accessToken',
  'refresh_token',
  'refreshToken',
  'token',
  'authorization',
  'Authorization',
  'password',
  'new_password',
  'sharedSecret',
  'secret',
  'cookie',
];
const redactPaths = secretNames.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);

/** What an operator can do comes before where in the program it happened. */
function textOfError({ why, remedy, stack }: Record<string, unknown>): string {
  const told = [why, typeof remedy === 'string' ? `What to do: ${remedy}` : undefined, stack];
  return told.flatMap((part) => (typeof part === 'string' ? [`\n  ${part}`] : [])).join('');
}

/** One line for people: time, level, message, then the other fields as name=value. */
function textLine(line: string): string {
  const { level, time, msg, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const rest = Object.entries(fields).map(([name, value]) => {
    if (name === 'err' && value && typeof value === 'object') return textOfError(value as Record<string, unknown>);
    return ` ${name}=${typeof value === 'string' && !/[\s"]/.test(value) ? value : JSON.stringify(value)}`;
  });
  return `${String(time)} ${String(level).toUpperCase().padEnd(5)} ${typeof msg === 'string' ? msg : ''}${rest.join('')}\n`;
}

const wrap = (logger: PinoLogger): Log => ({
  debug: (fields, message) => logger.debug(fields, message),
  info: (fields, message) => logger.info(fields, message),
  warn: (fields, message) => logger.warn(fields, message),
  error: (fields, message) => logger.error(fields, message),
  child: (fields) => wrap(logger.child(fields)),
  isEnabled: (level) => logger.isLevelEnabled(level),
});

/** Put errors under the name `err`: their stack and causes are written. */
export function createLog({ level, format, destination }: LogOptions): Log {
  const sink: DestinationStream = destination ?? { write: (line: string) => process.stderr.write(line) };
  const stream: DestinationStream = format === 'text' ? { write: (line) => sink.write(textLine(line)) } : sink;
  const logger = pino(
    {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: redactPaths, censor: '[removed]' },
    },
    stream,
  );
  return wrap(logger);
}

/** For tests and for commands that only print results. */
export const silentLog: Log = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLog,
  isEnabled: () => false,
};
