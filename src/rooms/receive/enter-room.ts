// Enters a room that a user of this server joined through another server: its state and auth chain beside the timeline, the
// join as the timeline's beginning. Server-Server API, "Joining Rooms".

import { forbidden } from '../../protocol/errors/matrix-error.ts';
import type { RoomEvent } from '../../protocol/events/room-event.ts';
import { anyRoomById, prepareRoom } from '../../storage/stores/entered-rooms.ts';
import { eventsByNid } from '../../storage/stores/events.ts';
import type { Engine } from '../rooms.ts';
import { bytesToHash, hashToBytes } from '../state/room-state.ts';
import { emptyRoot } from '../state-tree/encode-node.ts';
import { setEntries } from '../state-tree/set-entries.ts';
import type { NodeHash } from '../state-tree/state-node.ts';
import type { WarmRoom } from '../warm-rooms.ts';
import { type Batch, discardBatch, keepState, startBatch } from './batch.ts';
import type { FailedCheck, IncomingEvent, JoinedRoom } from './incoming.ts';
import { internEvents } from './intern-events.ts';
import { judgeEvent } from './judge-event.ts';
import { judgeByAuthEvents, judgeOutliers } from './judge-outliers.ts';
import { placeEvent } from './place-event.ts';
import { rejudgeRoom } from './rejudge-room.ts';
import { storeJudgedOutliers } from './store-outliers.ts';
import { writeBatch } from './write-batch.ts';

export const enterRoom = async (engine: Engine, joined: JoinedRoom): Promise<void> => {
  const { roomId, version, join } = joined;
  const outliers = [...joined.authChain, ...joined.state].filter(({ event }) => event.roomId === roomId);
  const judged = judgeOutliers(roomId, version, outliers);
  const refusal = judgeByAuthEvents(roomId, version, join, (id) => {
    const one = judged.get(id);
    return one && { event: one.incoming.event, rejected: one.failed !== undefined };
  });
  if (refusal) throw refused(refusal.failed);
  const hasCreate = joined.state.some(
    ({ event }) => event.type === 'm.room.create' && event.stateKey === '' && !judged.get(event.eventId)?.failed,
  );
  if (!hasCreate) throw forbidden('The state that was given has no acceptable m.room.create event.');
  await engine.db.write(prepareRoom, { roomId, version: version.id, stateRoot: hashToBytes(emptyRoot) });
  const rejudges = await engine.lock.run(roomId, async () => {
    const room = await coldRoom(engine, joined);
    const { events: stored, wakesOthers } = await storeJudgedOutliers(engine, room, judged);
    // What the join names as its auth_events is state before it, also where the members were left out.
    const state = new Set([...joined.state.map(({ event }) => event.eventId), ...join.event.authEvents]);
    const entries = [...state].flatMap((eventId) => {
      const one = stored.get(eventId);
      return one && one.verdict !== 2 && one.stateKey !== null ? [[one.stateKey, one.nid] as const] : [];
    });
    const told = new Map<number, RoomEvent>();
    for (const { event } of outliers) {
      const one = stored.get(event.eventId);
      if (one) told.set(one.nid, event);
    }
    return (await writeJoin(engine, room, joined, { entries, told })) || wakesOthers;
  });
  if (rejudges) await rejudgeRoom(engine, roomId);
};

const refused = ({ rule, sentence }: FailedCheck) =>
  forbidden(`The room does not allow this.${rule === '' ? '' : ` Rule ${rule}:`} ${sentence}`);

/** The room as it stands in the database, be it one that this server is not in. */
const coldRoom = async (engine: Engine, { roomId, version }: JoinedRoom): Promise<WarmRoom> => {
  const warm = await engine.warm.get(roomId);
  if (warm) await warm.latestWrite;
  const { row, last } = await engine.db.read(async (tx) => {
    const found = (await anyRoomById(tx, roomId))!;
    return { row: found, last: await eventsByNid(tx, found.extremities) };
  });
  if (warm) engine.warm.drop(warm);
  const byNid = new Map(last.map((event) => [event.nid, event]));
  return {
    nid: row.nid,
    roomId,
    version,
    head: {
      sequence: row.sequence,
      stateRoot: bytesToHash(row.stateRoot),
      extremities: row.extremities.map((nid) => {
        const event = byNid.get(nid)!;
        const { eventId, depth, stateRoot } = event;
        return { nid, eventId, depth, stateRoot: stateRoot === null ? emptyRoot : bytesToHash(stateRoot) };
      }),
      notifiedTotal: row.notifiedTotal,
    },
    isPartial: false,
    latestWrite: Promise.resolve(),
  };
};

interface StateBefore {
  readonly entries: readonly (readonly [key: number, event: number])[];
  /** By nid. */
  readonly told: ReadonlyMap<number, RoomEvent>;
}

/** Whether events here waited for what came. */
const writeJoin = async (
  engine: Engine,
  room: WarmRoom,
  joined: JoinedRoom,
  { entries, told }: StateBefore,
): Promise<boolean> => {
  const { join, isPartial } = joined;
  const batch = await startBatch(engine, room, [join], { as: 'new', onMissing: 'judge' });
  batch.told = told;
  try {
    const root = keepState(batch, await setEntries(engine.state.source, emptyRoot, entries));
    const interned = await internEvents(engine, [join]);
    for (const [user, nid] of interned.users) batch.users.set(user, nid);
    const stored = batch.known.get(join.event.eventId);
    const nids = { ...interned.nids[0]!, event: stored?.nid ?? (await engine.nids.take(1)) };
    await placeJoin(batch, join, nids, root, stored);
    const servers = joined.servers ?? [join.source];
    const write = await writeBatch(
      batch,
      isPartial
        ? { residency: 2, partialJoin: { joinEventId: join.event.eventId, via: join.source, servers } }
        : { residency: 1 },
    );
    await write?.written;
    room.isPartial = isPartial;
  } catch (error) {
    discardBatch(batch);
    throw error;
  }
  engine.warm.put(room);
  return batch.toRejudge.size > 0;
};

const placeJoin = async (
  batch: Batch,
  join: IncomingEvent,
  nids: Parameters<typeof placeEvent>[2],
  root: NodeHash,
  stored: Parameters<typeof placeEvent>[4],
): Promise<void> => {
  // Of a room that this server was in before, what it knew then counts as well: who let the user in may not know of it yet.
  const extremities = batch.head.extremities.filter(({ stateRoot }) => stateRoot !== emptyRoot);
  batch.head = { ...batch.head, stateRoot: root, extremities };
  const judgement = await judgeEvent(batch, join, { nid: nids.event, stateKey: nids.stateKey }, 'new', root);
  if (judgement.failed) throw refused(judgement.failed);
  await placeEvent(batch, join, nids, judgement, stored);
};
