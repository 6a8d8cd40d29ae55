// Events that are made for the room as it is now, but are not sent from here: templates for other servers' users, and
// invites that another server signs first.

import { authoriseEvent } from '../../protocol/auth-rules/authorise-event.ts';
import { parseJsonLossless } from '../../protocol/canonical-json/parse-json.ts';
import { forbidden, notFound } from '../../protocol/errors/matrix-error.ts';
import type { BuiltEvent } from '../../protocol/events/build-event.ts';
import type { JsonObject } from '../../protocol/events/json.ts';
import { parsePdu } from '../../protocol/events/parse-pdu.ts';
import type { RoomId } from '../../protocol/ids/branded.ts';
import type { RoomVersion } from '../../protocol/room-versions/room-version.ts';
import { withPolicySignature } from '../policy/with-policy-signature.ts';
import type { Engine } from '../rooms.ts';
import { loadAuthState } from './auth-state.ts';
import { buildLocalEvent } from './build-local-event.ts';
import type { Draft } from './draft.ts';

/** At most this many forward extremities become prev_events. Server-Server API, PDUs: at most 20. */
const PREV_EVENTS_MAX = 20;

export interface UnsentEvent extends BuiltEvent {
  readonly version: RoomVersion;
}

/** Signed by this server. Throws M_FORBIDDEN with the rule that refuses it, M_NOT_FOUND. */
export const buildUnsent = (engine: Engine, roomId: RoomId, draft: Draft): Promise<UnsentEvent> =>
  engine.lock.run(roomId, async () => {
    const room = await engine.warm.get(roomId);
    if (!room) throw notFound(`This server does not know the room ${roomId}.`);
    const { version, head } = room;
    const auth = await loadAuthState(engine.state, room, head.stateRoot, draft, engine.serverName);
    const built = await buildLocalEvent(engine, room, head.extremities.slice(0, PREV_EVENTS_MAX), draft, auth);
    const verdict = authoriseEvent(built.event, version, auth.facts);
    if (!verdict.ok) throw forbidden(`The room does not allow this. Rule ${verdict.rule}: ${verdict.sentence}`);
    return { ...built, version };
  });

/** With the signature of the room's policy server. Throws as buildUnsent and withPolicySignature. */
export const buildForOthers = async (engine: Engine, roomId: RoomId, draft: Draft): Promise<UnsentEvent> => {
  const unsent = await buildUnsent(engine, roomId, draft);
  const { pduJson, restJson } = await withPolicySignature(engine, roomId, parsePdu(unsent.pduJson, unsent.version));
  return { ...unsent, pduJson, restJson };
};

export interface EventTemplate {
  readonly version: RoomVersion;
  /** Without id, hashes and signatures, which its sender's server adds. */
  readonly pdu: JsonObject;
}

/** Throws as buildUnsent. */
export const templateEvent = async (engine: Engine, roomId: RoomId, draft: Draft): Promise<EventTemplate> => {
  const { version, pduJson } = await buildUnsent(engine, roomId, draft);
  const { event_id: _id, hashes: _hashes, signatures: _signatures, ...pdu } = parseJsonLossless(pduJson) as JsonObject;
  return { version, pdu };
};
