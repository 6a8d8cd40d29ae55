// In which form another server may see an event of a room: whole, redacted, or not at all.
// Client-Server API, "Room History Visibility", for a server that keeps one copy for all of its users.

import { joinPdu } from '../../protocol/events/join-pdu.ts';
import type { JsonObject } from '../../protocol/events/json.ts';
import type { UserId } from '../../protocol/ids/branded.ts';
import { serverOf } from '../../protocol/ids/id-parts.ts';
import { redactStored } from '../../protocol/redaction/redact-stored.ts';
import { type HistoryVisibility, historyVisibility } from '../../protocol/visibility/history-visibility.ts';
import { serverMaySee } from '../../protocol/visibility/may-see.ts';
import type { Names } from '../../rooms/names.ts';
import type { RoomRef } from '../../rooms/room-ref.ts';
import { bytesToHash, type RoomState } from '../../rooms/state/room-state.ts';
import { getEntry } from '../../rooms/state-tree/read-entries.ts';
import type { NodeHash } from '../../rooms/state-tree/state-node.ts';
import type { ReadTx } from '../../storage/database.ts';
import type { StoredEvent } from '../../storage/stores/events.ts';
import type { AskedRoom } from './asked-room.ts';
import { createPresences, type Presence } from './presences.ts';
import { createSaid } from './said.ts';

export type Form = 'whole' | 'redacted' | 'withheld';

const nobody: Presence = { anyJoined: false, anyInvited: false };

export const createEventViews = ({ state, names }: { state: RoomState; names: Names }) => {
  const said = createSaid();
  const presenceIn = createPresences({ state, said });

  const visibilityIn = async (tx: ReadTx, root: NodeHash): Promise<HistoryVisibility> => {
    const [key] = await names.findStateKeysIn(tx, [['m.room.history_visibility', '']]);
    const nid = key === undefined ? undefined : await getEntry(state.sourceIn(tx), root, key);
    return visibilityOf(nid === undefined ? undefined : (await said(tx, [nid])).get(nid));
  };

  const isVisible = async (tx: ReadTx, room: AskedRoom, event: StoredEvent, root: NodeHash): Promise<boolean> => {
    const changesVisibility = event.type === 'm.room.history_visibility' && event.stateKey === '';
    const isTheirs = event.type === 'm.room.member' && isUserOf(room, event.stateKey);
    const isJudgedTwice = changesVisibility || isTheirs;
    const content = isJudgedTwice ? (JSON.parse(event.content) as JsonObject) : noContent;
    // The root is that of the state after the event; before it there was what it replaced.
    const replaced =
      isJudgedTwice && event.replaces !== null ? (await said(tx, [event.replaces])).get(event.replaces) : undefined;
    const facts = {
      event: { type: event.type, stateKey: event.stateKey, content },
      visibility: changesVisibility ? visibilityOf(replaced) : await visibilityIn(tx, root),
      serverName: room.server,
      anyJoinedLater: event.position === null ? isMember(room) : event.position < room.joinedUntil,
    };
    // Most rooms let everything be seen without asking who was there.
    if (serverMaySee({ ...facts, ...nobody })) return true;
    const { anyJoined, anyInvited } = await presenceIn(tx, room, root);
    return serverMaySee({
      ...facts,
      anyJoined: anyJoined || (isTheirs && replaced === 'join'),
      anyInvited: anyInvited || (isTheirs && replaced === 'invite'),
    });
  };

  /** What is in force now is told to every server that joins. */
  const isInForce = async (tx: ReadTx, room: AskedRoom, { nid, stateKeyNid }: StoredEvent): Promise<boolean> =>
    stateKeyNid !== null && (await getEntry(state.sourceIn(tx), room.stateRoot, stateKeyNid)) === nid;

  const formOf = async (tx: ReadTx, room: AskedRoom, event: StoredEvent): Promise<Form> => {
    // Servers that are in the room need the event for the graph and the rules, for which the redacted form is enough.
    const otherwise = isMember(room) ? 'redacted' : 'withheld';
    // State whose own place is not known here came with the state or the auth chain that whoever joins is given.
    if (!event.stateRoot) return isMember(room) && event.stateKey !== undefined ? 'whole' : otherwise;
    if (await isVisible(tx, room, event, bytesToHash(event.stateRoot))) return 'whole';
    return isMember(room) && (await isInForce(tx, room, event)) ? 'whole' : otherwise;
  };

  return {
    /** One form for each event, in order. */
    async of(tx: ReadTx, room: AskedRoom, events: readonly StoredEvent[]): Promise<Form[]> {
      const forms: Form[] = [];
      for (const event of events) forms.push(await formOf(tx, room, event));
      return forms;
    },
  };
};

export type EventViews = ReturnType<typeof createEventViews>;

/** The PDU as another server gets it, JSON text. */
export const pduText = (event: StoredEvent, { roomId, version }: RoomRef, form: Exclude<Form, 'withheld'>): string =>
  joinPdu(form === 'whole' ? event : { ...event, ...redactStored(event, version) }, roomId, version);

const isMember = ({ joinedUntil }: AskedRoom): boolean => joinedUntil === Number.POSITIVE_INFINITY;

const isUserOf = ({ server }: AskedRoom, userId: string | undefined): boolean =>
  userId !== undefined && serverOf(userId as UserId) === server;

const noContent: JsonObject = {};

const visibilityOf = (word: string | undefined): HistoryVisibility =>
  historyVisibility(word === undefined ? undefined : { history_visibility: word });
