// kintsugi explain: why an event was accepted or not, and in what condition a room is.

import { Command } from 'commander';
import { isEventId } from '../protocol/ids/event-id.ts';
import { isRoomId } from '../protocol/ids/room-id.ts';
import { CommandRefused } from './command-refused.ts';
import { addConfigFlags, type FlagValues } from './config-flags.ts';
import { describeEvent, describeRoom } from './describe-explanation.ts';
import type { ExplainSource } from './explain-source.ts';

type Values = FlagValues & { readonly json?: true };

const say = (lines: readonly string[]): void => {
  process.stdout.write(`${lines.join('\n')}\n`);
};

const asked = async (source: ExplainSource, id: string, isJson: boolean): Promise<readonly string[] | undefined> => {
  if (isEventId(id)) {
    const event = await source.event(id);
    return event && (isJson ? [JSON.stringify(event, null, 2)] : describeEvent(event));
  }
  if (!isRoomId(id))
    throw new CommandRefused(`${JSON.stringify(id)} is neither an event ID nor a room ID.`, 'Quote it.');
  const room = await source.room(id);
  return room && (isJson ? [JSON.stringify(room, null, 2)] : describeRoom(room));
};

export const explainCommand = (): Command =>
  addConfigFlags(
    new Command('explain')
      .argument('<id>', "an event ID ($...) or a room ID (!...), in single quotes: '$abc'")
      .option('--json', 'for programs: what the admin API answers')
      .description('why an event was accepted or not, by which rule; or in what condition a room is')
      .action(async (id: string, values: Values) => {
        // Loaded only here: help need not wait for the whole server.
        const { withExplain } = await import('./explain-source.ts');
        const lines = await withExplain(values, (source) => asked(source, id, values.json === true));
        if (!lines)
          throw new CommandRefused(`${id} is not known here.`, 'Only what this server has stored can be explained.');
        say(lines);
      }),
  );
