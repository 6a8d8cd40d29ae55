// The answer to a join that was to leave out the members. Servers that cannot leave them out tell all of them; in a large room
// these are not held in memory but passed over here, and the room is made whole as if they had been left out.
// Server-Server API, "PUT /_matrix/federation/v2/send_join".

import type { OutboundStream } from '../../../http/outbound/outbound.ts';
import { objectOf, readPieces } from '../../../peers/calls/read-answer.ts';
import { parseJsonLossless } from '../../../protocol/canonical-json/parse-json.ts';
import { MatrixError } from '../../../protocol/errors/matrix-error.ts';
import { asJsonObject, isJsonObject, type Json, type JsonObject } from '../../../protocol/events/json.ts';
import type { ServerName, UserId } from '../../../protocol/ids/branded.ts';
import { serverOf } from '../../../protocol/ids/id-parts.ts';
import { createListReader, type ListReader } from '../../fetch/list-reader.ts';
import { malformed } from '../candidates.ts';

/** Some 700 members: those are taken at once. */
const WHOLE_SIZE_BYTES_MAX = 512 * 1024;
/** An event in its canonical form, with room for `unsigned` and for spaces. */
const EVENT_SIZE_BYTES_MAX = 200_000;
/** By whom a room without a name is called: "five". */
const HEROES_MAX = 5;
/** Each finds who let those in that the last one found. Who is further away comes with the rest. */
const ROUNDS_MAX = 5;

type Told = Iterable<Uint8Array>;

/** An answer as if the members had been left out, where it is large. `join`: the event that was sent. Throws PeerError. */
export const readJoinAnswer = async (
  server: ServerName,
  answer: OutboundStream,
  join: JsonObject,
): Promise<JsonObject> => {
  const pieces = await readPieces(server, answer);
  const sizeBytes = pieces.reduce((sum, { length }) => sum + length, 0);
  if (sizeBytes <= WHOLE_SIZE_BYTES_MAX) return objectOf(server, pieces);
  const { event, members_omitted: isWithout } = await otherValues(server, pieces);
  return isWithout === true ? objectOf(server, pieces) : withoutMembers(server, pieces, join, event);
};

const parsed = (server: ServerName, text: string): Json => {
  try {
    return parseJsonLossless(text);
  } catch (error) {
    if (error instanceof MatrixError) throw malformed(server, `its answer is no JSON: ${error.message}`);
    throw error;
  }
};

const otherValues = async (server: ServerName, told: Told): Promise<JsonObject> => {
  const reader = readerOf(server, 'state', ['event', 'members_omitted']);
  for await (const _ of textsOf(reader, told));
  return Object.fromEntries([...reader.values].map(([key, text]) => [key, parsed(server, text)]));
};

const readerOf = (server: ServerName, list: string, values: readonly string[] = []) =>
  createListReader({
    lists: [list],
    values,
    elementSizeBytesMax: EVENT_SIZE_BYTES_MAX,
    fail: (why) => malformed(server, `its answer cannot be read: ${why}`),
  });

/** The elements of the reader's list, others having their turn between. */
async function* textsOf(reader: ListReader, told: Told): AsyncGenerator<string> {
  for (const piece of told) {
    yield* reader.push(piece);
    await new Promise(setImmediate);
  }
  reader.end();
}

async function* eventsOf(server: ServerName, told: Told, list: string): AsyncGenerator<JsonObject> {
  for await (const text of textsOf(readerOf(server, list), told)) {
    const event = parsed(server, text);
    if (isJsonObject(event)) yield event;
  }
}

/** undefined: it is no member's event. */
const memberIn = ({ type, state_key: user }: JsonObject): UserId | undefined =>
  type === 'm.room.member' && typeof user === 'string' && user.includes(':') ? (user as UserId) : undefined;

const withoutMembers = async (
  server: ServerName,
  told: Told,
  join: JsonObject,
  returned: Json | undefined,
): Promise<JsonObject> => {
  const state: JsonObject[] = [];
  const chain: JsonObject[] = [];
  const servers = new Set<ServerName>();
  const needed = createNeeded();
  needed.add(join);
  let heroes = 0;
  for await (const event of eventsOf(server, told, 'state')) {
    const user = memberIn(event);
    if (user === undefined) {
      state.push(event);
      needed.add(event);
    } else if (asJsonObject(event.content).membership === 'join') {
      if (++heroes <= HEROES_MAX) needed.users.add(user);
      servers.add(serverOf(user));
    }
  }
  for await (const event of eventsOf(server, told, 'auth_chain')) {
    if (memberIn(event) !== undefined) continue;
    chain.push(event);
    needed.add(event);
  }
  const members = await neededMembers(server, told, needed);
  return {
    ...(returned !== undefined && { event: returned }),
    ...{ members_omitted: true, servers_in_room: [...servers] },
    state: [...state, ...members.state],
    auth_chain: [...chain, ...members.chain],
  };
};

/** Users without whose member events those that were given cannot be judged. */
const createNeeded = () => {
  const users = new Set<string>();
  return {
    users,
    add({ sender, content }: JsonObject): void {
      const { join_authorised_via_users_server: authoriser } = asJsonObject(content);
      for (const user of [sender, authoriser]) if (typeof user === 'string') users.add(user);
    },
  };
};

const neededMembers = async (server: ServerName, told: Told, needed: ReturnType<typeof createNeeded>) => {
  for (let round = 1; ; round++) {
    const before = needed.users.size;
    const find = async (list: string): Promise<JsonObject[]> => {
      const found: JsonObject[] = [];
      for await (const event of eventsOf(server, told, list)) {
        const user = memberIn(event);
        if (user === undefined || !needed.users.has(user)) continue;
        found.push(event);
        needed.add(event);
      }
      return found;
    };
    const members = { state: await find('state'), chain: await find('auth_chain') };
    if (needed.users.size === before || round === ROUNDS_MAX) return members;
  }
};
