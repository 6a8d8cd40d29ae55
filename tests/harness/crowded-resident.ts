// Another server with a room of many members, which lets others join in part and tells its state as the test wants.

import type { ServerResponse } from 'node:http';
import type { JsonObject } from '../../src/protocol/events/json.ts';
import type { RoomId, ServerName, UserId } from '../../src/protocol/ids/branded.ts';
import type { IncomingEvent } from '../../src/rooms/receive/incoming.ts';
import { createForeignRoom, testSigningKey } from './foreign-events.ts';
import { keyDocument, type PeerServer, startPeerServer } from './peer-server.ts';

export interface CrowdedResident extends AsyncDisposable {
  readonly name: ServerName;
  readonly roomId: RoomId;
  readonly peer: PeerServer;
  member(n: number): UserId;
  /** How often it was asked for the whole state. */
  readonly asked: number;
  /** Answers such a question. Default: with the whole text. */
  tell: (text: string, response: ServerResponse) => void;
}

const list = (events: readonly IncomingEvent[]): string => `[${events.map(({ pduJson }) => pduJson).join(',')}]`;

/** `tellsAll`: it does not know that members can be left out. */
export const startCrowdedResident = async (members: number, { tellsAll = false } = {}): Promise<CrowdedResident> => {
  const peer = await startPeerServer();
  const name = `127.0.0.1:${peer.port}` as ServerName;
  const room = createForeignRoom({ creator: `@eve:${name}` });
  const member = (n: number): UserId => `@member${n}:${name}` as UserId;
  for (let n = 0; n < members; n++) {
    room.member(member(n), 'join');
    // Every third of them stands upon an event that comes after it where the auth chain does.
    if (n % 3 === 0) room.add({ type: 'm.room.member', stateKey: member(n), sender: member(n), content: join(n) });
  }
  const { tips } = room;
  const state = room.stateEvents(tips[0]!);
  const isMember = ({ event }: IncomingEvent): boolean => event.type === 'm.room.member';
  const kept = state.filter((one) => !isMember(one));
  const idsOf = (events: readonly IncomingEvent[]) => events.map(({ event }) => event.eventId);
  const named = kept.filter(({ event }) => event.type !== 'm.room.name').map(({ event }) => event.eventId);
  /** Without what stands in the state. */
  const chainOf = (events: readonly IncomingEvent[]): IncomingEvent[] => {
    const told = new Set(events.map(({ event }) => event.eventId));
    return room.authChain(events).filter(({ event }) => !told.has(event.eventId));
  };
  let asked = 0;

  const template = (user: string): JsonObject => ({
    room_version: room.version.id,
    event: {
      ...{
        type: 'm.room.member',
        room_id: room.roomId,
        sender: user,
        state_key: user,
        content: { membership: 'join' },
      },
      ...{ depth: members * 2 + 10, origin_server_ts: 1, prev_events: [...tips], auth_events: named },
    },
  });
  const resident: CrowdedResident = {
    name,
    roomId: room.roomId,
    peer,
    member,
    get asked() {
      return asked;
    },
    tell: (text, response) => void response.writeHead(200, { 'Content-Type': 'application/json' }).end(text),
    [Symbol.asyncDispose]: () => peer[Symbol.asyncDispose](),
  };
  peer.handler = ({ url, body }, response) => {
    const path = decodeURIComponent(new URL(url, 'https://x').pathname);
    if (path.startsWith('/_matrix/key/')) {
      return [200, keyDocument(name, { keys: [testSigningKey], validUntilTs: Date.now() + 86_400_000 })];
    }
    if (path.includes('/make_join/')) return [200, template(path.split('/').at(-1)!)];
    if (path.includes('/send_join/')) {
      if (tellsAll) return [200, `{"state":${list(state)},"event":${body},"auth_chain":${list(chainOf(state))}}`];
      const said = `"members_omitted":true,"servers_in_room":["${name}"]`;
      const chain = list(room.authChain(kept));
      return [200, `{"origin":"${name}","event":${body},${said},"state":${list(kept)},"auth_chain":${chain}}`];
    }
    if (path.includes('/state_ids/')) {
      return [200, { pdu_ids: idsOf(state), auth_chain_ids: idsOf(room.authChain(state)) }];
    }
    if (path.includes('/state/')) {
      asked += 1;
      resident.tell(`{"pdus":${list(state)},"auth_chain":${list(room.authChain(state))}}`, response);
      return undefined;
    }
    if (path.includes('/send/')) return [200, { pdus: {} }];
    return [404, { errcode: 'M_NOT_FOUND', error: 'Not here' }];
  };
  return resident;
};

const join = (n: number): JsonObject => ({ membership: 'join', displayname: `Member ${n}` });
