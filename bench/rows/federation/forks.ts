// Two branches of state events, of two servers that did not hear of each other for a while, and the event where they meet:
// until a local user sees it. The room's state is then exactly what the room version's algorithm makes of the branches.

import type { EventId } from '../../../src/protocol/ids/branded.ts';
import { type StateKey, stateKeyOf } from '../../../src/protocol/state-resolution/state-key.ts';
import { deliver, deliveriesOf } from '../../federation/deliveries.ts';
import type { ForeignRoom } from '../../federation/foreign-room.ts';
import { createForkedRoom, makeForks } from '../../federation/forked-room.ts';
import { joinThrough, pathOf, seesEvent } from '../../federation/guest.ts';
import { measured } from '../../federation/measured.ts';
import type { User } from '../../load/user.ts';
import type { Context, Row } from '../row.ts';

interface ClientEvent {
  readonly type: string;
  readonly state_key: string;
  readonly event_id: EventId;
}

const checkState = async (user: User, room: ForeignRoom, wanted: ReadonlyMap<StateKey, EventId>): Promise<void> => {
  const told = (await user.call('GET', `${pathOf(room)}/state`)) as unknown as readonly ClientEvent[];
  const state = new Map(told.map((event) => [stateKeyOf(event.type, event.state_key), event.event_id]));
  const keys = new Set([...state.keys(), ...wanted.keys()]);
  const wrong = [...keys].filter((key) => state.get(key) !== wanted.get(key));
  if (wrong.length > 0) {
    throw new Error(
      `${wrong.length} of ${keys.size} entries are not what the algorithm says: ${wrong.slice(0, 5).join()}`,
    );
  }
};

const measureForks = async (context: Context, user: User, size: number): Promise<void> => {
  const { world, foreign, record } = context;
  const { server } = world;
  const room = createForkedRoom(foreign, size);
  await joinThrough(user, room);
  const { events, merge, state } = makeForks(room, foreign, size);
  const branches = events.map((each, index) => deliveriesOf(server, foreign.names[index]!, each));
  const meeting = deliveriesOf(server, foreign.names[0]!, [merge]);
  const cost = await measured(context, async () => {
    await Promise.all(branches.map((deliveries) => deliver(server, deliveries)));
    await deliver(server, meeting);
    await seesEvent(user, room, merge.event.eventId);
  });
  await checkState(user, room, state);
  foreign.forget(room);
  record(`forks: merged @${size}`, 'ms', cost.seconds * 1000);
  record(`forks: CPU @${size}`, 'CPU ms', cost.cpuMs);
  record(`forks: peak memory @${size}`, 'MiB', cost.peakMib);
};

export const forks: Row = {
  name: 'forks',
  async run(context) {
    const { world, foreign, repeats } = context;
    await foreign.grow(2);
    const user = await world.user('witness');
    for (const size of world.sizes.forks) {
      for (let repeat = 0; repeat < repeats; repeat++) await measureForks(context, user, size);
    }
  },
};
