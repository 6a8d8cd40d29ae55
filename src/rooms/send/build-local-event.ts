// Builds and signs the event that a draft becomes, with references to what stands before it.

import { randomToken } from '../../lib/random.ts';
import { parseJsonLossless } from '../../protocol/canonical-json/parse-json.ts';
import { type BuiltEvent, buildEvent, type EventReference } from '../../protocol/events/build-event.ts';
import { referenceHash } from '../../protocol/events/event-hashes.ts';
import { joinPdu } from '../../protocol/events/join-pdu.ts';
import type { JsonObject } from '../../protocol/events/json.ts';
import type { EventId } from '../../protocol/ids/branded.ts';
import { eventsById, type StoredEvent } from '../../storage/stores/events.ts';
import type { RoomRef } from '../room-ref.ts';
import type { Engine } from '../rooms.ts';
import type { Extremity } from '../warm-rooms.ts';
import type { AuthState } from './auth-state.ts';
import type { Draft } from './draft.ts';

/** Depth never grows beyond what every room version can carry. */
const DEPTH_MAX = Number.MAX_SAFE_INTEGER;

export const buildLocalEvent = async (
  engine: Engine,
  room: RoomRef,
  prevs: readonly Extremity[],
  draft: Draft,
  auth: AuthState,
): Promise<BuiltEvent> => {
  const { version } = room;
  const built = buildEvent(
    {
      roomId: room.roomId,
      type: draft.type,
      stateKey: draft.stateKey,
      sender: draft.sender,
      content: draft.content,
      originServerTs: draft.originServerTs ?? engine.clock.now(),
      depth: Math.min(DEPTH_MAX, Math.max(0, ...prevs.map((prev) => prev.depth)) + 1),
      prevEvents: await references(
        engine,
        room,
        prevs.map((prev) => prev.eventId),
      ),
      authEvents: await references(
        engine,
        room,
        auth.authEvents.map((event) => event.eventId),
      ),
      redacts: draft.redacts,
      chosenEventId:
        version.eventIdFormat === 'chosen' ? (`$${randomToken(18)}:${engine.serverName}` as EventId) : undefined,
    },
    version,
    { name: engine.serverName, key: engine.signingKey },
  );
  if (version.eventReferencesArePairs) engine.referenceHashes.set(built.event.eventId, built.referenceHash);
  return built;
};

/** Since v3 an event id is its own hash; before, references carry the hash beside it. */
const references = async (engine: Engine, room: RoomRef, ids: readonly EventId[]): Promise<EventReference[]> => {
  if (!room.version.eventReferencesArePairs) return ids.map((eventId) => ({ eventId }));
  const unknown = ids.filter((eventId) => !engine.referenceHashes.has(eventId));
  if (unknown.length > 0) {
    const stored = await engine.db.read((tx) => eventsById(tx, unknown));
    for (const event of stored)
      engine.referenceHashes.set(event.eventId, referenceHash(pduOf(event, room), room.version));
  }
  return ids.map((eventId) => ({ eventId, hash: engine.referenceHashes.get(eventId) }));
};

/** Losslessly: a number that a double changes would change the hash. */
const pduOf = (event: StoredEvent, room: RoomRef): JsonObject =>
  parseJsonLossless(joinPdu(event, room.roomId, room.version)) as JsonObject;
