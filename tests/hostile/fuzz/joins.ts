// Joins through servers that answer with damaged templates and states.

import type { JsonObject } from '../../../src/protocol/events/json.ts';
import { parseServerName } from '../../../src/protocol/ids/server-name.ts';
import type { RoomVersionId } from '../../../src/protocol/room-versions/room-version.ts';
import { roomVersions } from '../../../src/protocol/room-versions/room-versions.ts';
import { createForeignRoom, type ForeignRoom } from '../../harness/foreign-events.ts';
import type { FuzzedServer } from './fuzzed-server.ts';
import { mutated, mutatedText, textOf } from './mutate.ts';
import { canonical, redactedForm, type Wire } from './oracle.ts';
import { type Round, refusal, type Target } from './target.ts';

const CASES = 5;
const versions = Object.keys(roomVersions) as RoomVersionId[];

const templateOf = (room: ForeignRoom, userId: string): JsonObject => {
  const state = [...room.events.values()];
  const ofType = (type: string) => state.find(({ event }) => event.type === type)!.event.eventId;
  const authTypes = ['m.room.create', 'm.room.power_levels', 'm.room.join_rules'];
  const { eventReferencesArePairs, roomIdIsCreateHash, id: version } = room.version;
  const reference = (id: string) => (eventReferencesArePairs ? [id, { sha256: 'a'.repeat(43) }] : id);
  return {
    room_version: version,
    event: {
      type: 'm.room.member',
      room_id: room.roomId,
      sender: userId,
      state_key: userId,
      content: { membership: 'join' },
      depth: 6,
      origin_server_ts: 1,
      prev_events: room.tips.map(reference),
      auth_events: authTypes.slice(roomIdIsCreateHash ? 1 : 0).map((type) => reference(ofType(type))),
    },
  };
};

/** What is told of the room's state must have been said so, or be what redaction leaves of it. */
const judge = async ({ server, count, fail }: Round, room: ForeignRoom, given: string): Promise<void> => {
  const view = await server.composed.parts.rooms.view(room.roomId);
  const version = Number(view.version.id);
  count('joined');
  if (version !== Number(room.version.id)) fail(`v${room.version.id} was entered as v${version}`, given);
  for (const event of await view.all()) {
    if (event.sender === server.alice.userId) continue;
    const said = room.events.get(event.eventId);
    const contents = said
      ? [said.pdu as Wire, redactedForm(said.pdu as Wire, version)].map(({ content }) => content)
      : [];
    const isSaid = contents.some((content) => canonical(content) === canonical(event.content));
    if (!isSaid) fail(`v${version}: ${event.eventId} of ${event.sender} is in the state, and was not said so`, given);
  }
};

const joinOnce = async (round: Round, server: FuzzedServer): Promise<void> => {
  const { random } = round;
  const name = parseServerName(`j${random.below(2 ** 30)}.example:1`);
  const room = createForeignRoom({ creator: `@eve:${name}`, version: random.pick(versions), name: 'x' });
  room.add({ type: 'm.room.name', stateKey: '', sender: room.creator, content: { name: 'Trap' } });
  const state = [...room.events.values()].map(({ pdu }) => pdu);
  const template = templateOf(room, server.alice.userId);
  // Events of another room of the same server, and some twice.
  const other = createForeignRoom({ creator: room.creator, version: room.version.id, name: 'y' });
  const more = random.chance(0.3) ? [...[...other.events.values()].map(({ pdu }) => pdu), ...state] : [];
  const joined: JsonObject = { origin: name, state: [...state, ...more], auth_chain: [...more, ...state.slice(0, 4)] };
  const lot = random.below(10);
  const templateText = textOf(lot < 3 ? mutated(template, random) : template);
  const changed = textOf(lot > 1 && lot < 9 ? mutated(joined, random) : joined);
  const given = `${templateText}\n${changed}`;
  server.answers = (_host, path, body) => {
    if (path.includes('/make_join/')) return [200, templateText];
    if (!path.includes('/send_join/')) return undefined;
    if (lot === 5) return [200, mutatedText(changed, random)];
    const event = random.chance(0.9) ? body : '{}';
    return [200, changed === '{}' ? changed : `{"event":${event},${changed.slice(1)}`];
  };
  const { membership } = server.composed.parts;
  try {
    await membership.join(server.alice, room.roomId, {}, { via: [name] });
    await judge(round, room, given);
  } catch (error) {
    refusal(round, error, given);
  }
};

export const joins: Target = {
  name: 'joins',
  share: 10,
  async play(round) {
    for (let left = CASES; left > 0; left--) await joinOnce(round, round.server);
  },
};
