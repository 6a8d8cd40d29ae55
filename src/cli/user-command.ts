// kintsugi user: create, list and deactivate users, reset their passwords, tell them something.

import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import type { Accounts } from '../accounts/accounts.ts';
import { randomId } from '../lib/random.ts';
import { MatrixError } from '../protocol/errors/matrix-error.ts';
import type { StoredAccount } from '../storage/stores/accounts.ts';
import { CommandRefused } from './command-refused.ts';
import { addConfigFlags, type FlagValues } from './config-flags.ts';
import { noticeCommand } from './notice-command.ts';
import type { AccountParts } from './with-accounts.ts';

type Values = FlagValues & {
  readonly admin?: true;
  readonly erase?: true;
  readonly keepSessions?: true;
  readonly yes?: true;
};

const LIST_PAGE = 1000;

/** The first line of a file, or of standard input for `-`; undefined: make one up. */
const givenPassword = (file: string | undefined): string | undefined => {
  if (file === undefined) return undefined;
  const [line = ''] = readFileSync(file === '-' ? 0 : file, 'utf8').split('\n');
  if (line === '') throw new CommandRefused('The password is empty.', 'Put it on the first line.');
  return line;
};

const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

const accountNamed = async (accounts: Accounts, user: string): Promise<StoredAccount> => {
  const account = await accounts.accountNamed(user);
  if (account && account.deactivatedTs === null) return account;
  throw new CommandRefused(`There is no active user ${user} here.`, 'kintsugi user list shows those there are.');
};

/** Loaded only here: help need not wait for the whole server. */
const opened = async <T>(values: FlagValues, work: (parts: AccountParts) => Promise<T>): Promise<T> => {
  try {
    return await (await import('./with-accounts.ts')).withAccounts(values, work);
  } catch (error) {
    if (!(error instanceof MatrixError)) throw error;
    throw new CommandRefused(error.message, 'Choose another name or password.');
  }
};

const create = new Command('create')
  .argument('<name>', 'localpart, e.g. alice')
  .description('make a user; without --password-file a password is made up and printed')
  .option('--admin', 'may administer the server')
  .option('--password-file <file>', 'its first line is the password; - is standard input')
  .action(async (name: string, values: Values) => {
    const given = givenPassword(values.passwordFile);
    const password = given ?? randomId();
    const { userId } = await opened(values, ({ auth }) => auth.createUser(name, password, values.admin === true));
    say(userId);
    if (given === undefined) say(`Password: ${password}`);
  });

const marksOf = (account: StoredAccount): string =>
  [
    account.isAdmin && 'admin',
    account.isGuest && 'guest',
    account.isLocked && 'locked',
    account.isSuspended && 'suspended',
    account.appservice !== null && `appservice ${account.appservice}`,
    account.deactivatedTs !== null && 'deactivated',
  ]
    .filter((mark) => typeof mark === 'string')
    .join(', ');

const list = new Command('list').description('every user, one a line, with what they are').action((values: Values) =>
  opened(values, async ({ accounts }) => {
    let page: StoredAccount[] = [];
    do {
      page = await accounts.listAccounts(page.at(-1)?.userId ?? '', LIST_PAGE);
      for (const account of page) say(`${account.userId}\t${marksOf(account)}`.trimEnd());
    } while (page.length === LIST_PAGE);
  }),
);

const resetPassword = new Command('reset-password')
  .argument('<user>', 'localpart or user ID')
  .description('a new password, and the end of all sessions')
  .option('--password-file <file>', 'its first line is the password; - is standard input')
  .option('--keep-sessions', 'devices stay logged in')
  .action(async (user: string, values: Values) => {
    const given = givenPassword(values.passwordFile);
    const password = given ?? randomId();
    await opened(values, async ({ accounts, auth }) => {
      const account = await accountNamed(accounts, user);
      await auth.resetPassword(account.user, password, values.keepSessions !== true);
      say(`The password of ${account.userId} is changed.`);
    });
    if (given === undefined) say(`Password: ${password}`);
  });

const deactivate = new Command('deactivate')
  .argument('<user>', 'localpart or user ID')
  .description('end the account for ever; rooms are left when the server next starts')
  .option('--erase', "hide the user's messages from those who join later")
  .option('--yes', 'really')
  .action((user: string, values: Values) =>
    opened(values, async ({ accounts }) => {
      const account = await accountNamed(accounts, user);
      if (!values.yes) {
        throw new CommandRefused(`${account.userId} would be gone for ever.`, 'Add --yes if that is what you want.');
      }
      await accounts.deactivate(account.user, account.userId, values.erase === true);
      say(`${account.userId} is deactivated.`);
    }),
  );

export const userCommand = (): Command => {
  const user = new Command('user').description('create, list, deactivate and tell users, reset passwords');
  for (const command of [create, list, resetPassword, deactivate, noticeCommand])
    user.addCommand(addConfigFlags(command));
  return user;
};
