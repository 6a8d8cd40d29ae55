// Short names for what clients do with rooms, for journeys.

import type { AnyJson, ClientAnswer, TestClient } from './client.ts';

export const roomPath = (roomId: string, ...rest: readonly string[]): string =>
  `/_matrix/client/v3/rooms/${[roomId, ...rest].map(encodeURIComponent).join('/')}`;

/** The new room's id; refuses an answer that is not 200. */
export const newRoom = async (client: TestClient, body: object = {}): Promise<string> =>
  (await client.ok(client.post('/_matrix/client/v3/createRoom', body))).room_id;

/** join, leave, invite, kick, ban, unban, forget, upgrade, report, … */
export const inRoom = (client: TestClient, roomId: string, act: string, body: object = {}): Promise<ClientAnswer> =>
  client.post(roomPath(roomId, act), body);

export const join = (client: TestClient, roomId: string): Promise<AnyJson> => client.ok(inRoom(client, roomId, 'join'));

export const putState = (
  client: TestClient,
  roomId: string,
  type: string,
  content: object,
  stateKey = '',
): Promise<ClientAnswer> => client.put(roomPath(roomId, 'state', type, stateKey), content);

/** Content of a state event; undefined where there is none. */
export const stateOf = async (client: TestClient, roomId: string, type: string, stateKey = ''): Promise<AnyJson> => {
  const { status, body } = await client.get(roomPath(roomId, 'state', type, stateKey));
  return status === 200 ? body : undefined;
};

/** The whole state: client events by `type|state_key`. */
export const wholeState = async (client: TestClient, roomId: string): Promise<Map<string, AnyJson>> => {
  const events: AnyJson[] = await client.ok(client.get(roomPath(roomId, 'state')));
  return new Map(events.map((event) => [`${event.type}|${event.state_key}`, event]));
};

/** The room's events as the client gets them, oldest first; at most 1,000. */
export const historyOf = async (client: TestClient, roomId: string): Promise<AnyJson[]> => {
  const events: AnyJson[] = [];
  let from: string | undefined;
  do {
    const query = { dir: 'f', limit: 100, ...(from !== undefined && { from }) };
    const page = await client.ok(client.get(roomPath(roomId, 'messages'), { query }));
    events.push(...page.chunk);
    from = page.end;
  } while (from !== undefined && events.length < 1000);
  return events;
};

/** What an answer was refused with. */
export const refusal = async (answer: Promise<ClientAnswer>): Promise<string> => {
  const { status, body } = await answer;
  return `${status} ${body.errcode}`;
};
