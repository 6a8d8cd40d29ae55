// A room and its first events in one transaction: a room is there whole or not at all.

import { randomToken } from '../../lib/random.ts';
import { invalidRoomState, MatrixError } from '../../protocol/errors/matrix-error.ts';
import type { RoomId } from '../../protocol/ids/branded.ts';
import { isPolicyEvent } from '../../protocol/policy-servers/policy-server.ts';
import type { RoomVersion } from '../../protocol/room-versions/room-version.ts';
import type { DirectoryChange } from '../../storage/stores/directory.ts';
import { persistEvents } from '../../storage/stores/persist.ts';
import { persistRows } from '../persist/enqueue.ts';
import { signFirstEvents } from '../policy/sign-first-events.ts';
import type { RoomRef } from '../room-ref.ts';
import type { Engine } from '../rooms.ts';
import { emptyRoot } from '../state-tree/encode-node.ts';
import type { RoomHead } from '../warm-rooms.ts';
import type { Draft } from './draft.ts';
import { type Prepared, prepareEvent } from './prepare-event.ts';
import { internDrafts } from './send-events.ts';

export interface RoomCreation {
  readonly version: RoomVersion;
  /** m.room.create. */
  readonly create: Draft;
  /** The events after it; they may name the room, whose id is known once the create event is made. */
  rest(roomId: RoomId): readonly Draft[];
  /** Written in the same transaction: its alias, its place in the directory. */
  readonly directory?: DirectoryChange;
}

/** The nid of a room that is not in the database yet. */
const NO_NID = 0;

const emptyHead: RoomHead = { sequence: 0, stateRoot: emptyRoot, extremities: [], notifiedTotal: 0 };

export const createRoom = async (engine: Engine, creation: RoomCreation): Promise<RoomRef> => {
  const { version, directory } = creation;
  const prepared: Prepared[] = [];
  try {
    const roomId = await prepareAll(engine, creation, prepared);
    const signed = await signFirstEvents(engine, version, prepared);
    const persisted = await engine.db.write(persistEvents, {
      room: { roomId, version: version.id },
      sequence: 0,
      upon: [],
      stateChanged: true,
      ...(directory && { directory }),
      ...persistRows(engine, signed),
    });
    for (const { held } of prepared) held.commit();
    const { head } = prepared.at(-1)!;
    engine.warm.put({
      nid: persisted.room,
      roomId,
      version,
      head: { ...head, sequence: 1 },
      isPartial: false,
      latestWrite: Promise.resolve(),
      ...(!prepared.some(({ event }) => isPolicyEvent(event)) && {
        policy: { root: head.stateRoot, named: undefined },
      }),
    });
    return { nid: persisted.room, roomId, version };
  } catch (error) {
    for (const { held } of prepared) held.discard();
    throw error;
  }
};

/** Adds to `prepared`, so that what came of it can be discarded when the rest fails. */
const prepareAll = async (engine: Engine, creation: RoomCreation, prepared: Prepared[]): Promise<RoomId> => {
  try {
    const create = await prepareCreate(engine, creation);
    prepared.push(create);
    const { roomId } = create.event;
    const room: RoomRef = { nid: NO_NID, roomId, version: creation.version };
    const drafts = creation.rest(roomId);
    const nids = await internDrafts(engine, drafts);
    const first = await engine.nids.take(drafts.length);
    for (const [index, draft] of drafts.entries()) {
      const { head } = prepared.at(-1)!;
      prepared.push(await prepareEvent(engine, room, head, draft, { ...nids[index]!, event: first + index }));
    }
    return roomId;
  } catch (error) {
    // "The initial state implied by the parameters to the request is invalid".
    throw error instanceof MatrixError && error.errcode === 'M_FORBIDDEN'
      ? invalidRoomState(error.message, { cause: error })
      : error;
  }
};

const prepareCreate = async (engine: Engine, { create, version }: RoomCreation): Promise<Prepared> => {
  const [nids] = await internDrafts(engine, [create]);
  const nid = await engine.nids.take(1);
  // Since v12 the room id is made from the create event; before, the server makes one up.
  const roomId = version.roomIdIsCreateHash ? ('' as RoomId) : (`!${randomToken(18)}:${engine.serverName}` as RoomId);
  // Two rooms that a user makes alike in one millisecond would be one.
  const draft = { ...create, originServerTs: create.originServerTs ?? engine.distinctTime() };
  return prepareEvent(engine, { nid: NO_NID, roomId, version }, emptyHead, draft, { ...nids!, event: nid });
};
