// kintsugi federation: which other servers cannot be reached and why, and what to do about it.

import { Command, Option } from 'commander';
import type { DestinationPage, DestinationView } from '../peers/destinations/views.ts';
import { isServerName } from '../protocol/ids/server-name.ts';
import type { DestinationState } from '../storage/stores/destinations.ts';
import { CommandRefused } from './command-refused.ts';
import { addConfigFlags, type FlagValues } from './config-flags.ts';
import { describeServer, lineOf } from './describe-server.ts';
import type { FederationSource } from './federation-source.ts';

type Values = FlagValues & { readonly state?: DestinationState; readonly json?: true; readonly all?: true };

const LIST_PAGE = 500;

const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

/** Loaded only here: help need not wait for the whole server. */
const from = async <T>(values: FlagValues, work: (source: FederationSource) => Promise<T>): Promise<T> =>
  (await import('./federation-source.ts')).withFederation(values, work);

const known = (server: string): string => {
  if (isServerName(server)) return server;
  throw new CommandRefused(`${JSON.stringify(server)} is no server name.`, 'It looks like example.org.');
};

const list = new Command('list')
  .description('other servers, one a line: state, stage of the failure, since when, next try, reason')
  .addOption(new Option('--state <state>', 'only those').choices(['well', 'failing', 'gone']))
  .option('--json', 'for programs: an array of what the admin API answers')
  .action((values: Values) =>
    from(values, async (source) => {
      const all: DestinationView[] = [];
      let after: string | undefined = '';
      while (after !== undefined) {
        const page: DestinationPage = await source.list({ from: after, limit: LIST_PAGE, state: values.state });
        if (values.json) all.push(...page.destinations);
        else for (const destination of page.destinations) say(lineOf(destination));
        after = page.next_token;
      }
      if (values.json) say(JSON.stringify(all, null, 2));
    }),
  );

const show = new Command('show')
  .argument('<server>', 'server name')
  .description('all that is known of one server: its health, the way to it, its keys')
  .option('--json', 'for programs: what the admin API answers')
  .action((server: string, values: Values) =>
    from(values, async (source) => {
      const found = await source.show(known(server));
      if (!found) {
        throw new CommandRefused(`Nothing is known of ${server}.`, 'kintsugi federation list shows those there are.');
      }
      say(values.json ? JSON.stringify(found, null, 2) : describeServer(found).join('\n'));
    }),
  );

const retry = new Command('retry')
  .argument('[server]', 'server name')
  .option('--all', 'every server that is left alone')
  .description('try a server again at once that is left alone after failures')
  .action((server: string | undefined, values: Values) =>
    from(values, async (source) => {
      if (values.all) {
        say(`${await source.retryAll()} servers are tried again.`);
        return;
      }
      if (server === undefined) throw new CommandRefused('Which server?', 'Name one, or say --all.');
      if (await source.retry(known(server))) say(`${server} is tried again.`);
      else say(`Nothing is wrong with ${server}.`);
    }),
  );

const acceptKey = new Command('accept-key')
  .argument('<server>', 'server name')
  .argument('<keyId>', 'e.g. ed25519:a_b')
  .argument('<key>', 'the refused key, as its operator confirmed it')
  .description('take a signing key that was refused because another was known under its id')
  .action((server: string, keyId: string, key: string, values: Values) =>
    from(values, async (source) => {
      if (await source.acceptKey(known(server), keyId, key)) say(`${keyId} of ${server} is now ${key}.`);
      else
        throw new CommandRefused(
          'No such key was refused.',
          `kintsugi federation show ${server} lists those that were.`,
        );
    }),
  );

export const federationCommand = (): Command => {
  const federation = new Command('federation').description('other servers: their health, the way to them, their keys');
  for (const command of [list, show, retry, acceptKey]) federation.addCommand(addConfigFlags(command));
  return federation;
};
