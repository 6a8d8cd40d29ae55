// kintsugi user notice: tells users something as the server itself. Asks the running server.

import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import type { NoticesToAll } from '../membership/notices/server-notices.ts';
import type { JsonObject } from '../protocol/events/json.ts';
import { CommandRefused } from './command-refused.ts';
import { configFrom, type FlagValues } from './config-flags.ts';

type Values = FlagValues & { readonly all?: true };

const base = '/_kintsugi/admin/v1';

/** Of the running server. Loaded only here: help need not wait for the whole server. */
const ask = async (values: FlagValues, path: string, body: JsonObject): Promise<JsonObject | undefined> => {
  const { controlSocketPath } = await import('../server/control-socket.ts');
  const { askThrough, isRunning } = await import('./ask-server.ts');
  const socket = controlSocketPath(configFrom(values).config);
  if (!(await isRunning(socket))) {
    throw new CommandRefused('The server does not run, and so nobody could be told.', 'Start it: kintsugi serve.');
  }
  return askThrough(socket)('POST', path, body);
};

const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

const toAll = async (values: Values, body: string): Promise<void> => {
  // The same program answers that asks, and so in the shape that it knows.
  const answer = (await ask(values, `${base}/notices`, { body })) as NoticesToAll | undefined;
  say(`${answer?.sent ?? 0} users were told.`);
  if (answer && answer.failed.length > 0) say(`Not told, see the server's log: ${answer.failed.join(', ')}`);
};

const toOne = async (values: Values, user: string, body: string): Promise<void> => {
  const { serverName } = configFrom(values).config;
  const userId = user.startsWith('@') ? user : `@${user}:${serverName}`;
  const answer = await ask(values, `${base}/users/${encodeURIComponent(userId)}/notices`, { body });
  if (!answer) throw new CommandRefused(`There is no user ${userId}.`, 'kintsugi user list shows those there are.');
  say(`${userId} is told.`);
};

export const noticeCommand = new Command('notice')
  .argument('[user]', 'localpart or user ID; not with --all')
  .argument('[text]', 'what to say; - reads it from standard input')
  .description('tell a user something as the server itself, in a room where only the server speaks')
  .option('--all', 'every user')
  .action(async (first: string | undefined, second: string | undefined, values: Values) => {
    const text = values.all ? first : second;
    if (first === undefined || text === undefined || (values.all && second !== undefined)) {
      throw new CommandRefused(
        'Whom, and what?',
        "kintsugi user notice alice 'text', or kintsugi user notice --all 'text'",
      );
    }
    const body = text === '-' ? readFileSync(0, 'utf8').trimEnd() : text;
    if (body === '') throw new CommandRefused('There is nothing to say.', 'Give a text.');
    await (values.all ? toAll(values, body) : toOne(values, first, body));
  });
