// A redaction that a local user sends: whether they may, and what it leaves of its target.
// Client-Server API, "Redactions"; room versions, "Handling redactions".

import { readPowerLevels } from '../../protocol/auth-rules/power-levels.ts';
import { forbidden, invalidParam, notFound } from '../../protocol/errors/matrix-error.ts';
import type { RoomEvent } from '../../protocol/events/room-event.ts';
import type { EventId } from '../../protocol/ids/branded.ts';
import { redactStored } from '../../protocol/redaction/redact-stored.ts';
import { eventById, type StoredEvent } from '../../storage/stores/events.ts';
import type { RedactionRow } from '../../storage/stores/persist.ts';
import type { RoomRef } from '../room-ref.ts';
import type { Engine } from '../rooms.ts';
import type { AuthState } from './auth-state.ts';
import type { Draft } from './draft.ts';

/**
 * Clients give `redacts` as a parameter or in the content. "In rooms with a version older than 11 they MUST move the
 * `redacts` property inside the `content` to the top level of the event."
 */
export const withRedacts = (draft: Draft, { version }: Pick<RoomRef, 'version'>): Draft => {
  if (draft.type !== 'm.room.redaction') return draft;
  const { redacts, ...content } = draft.content;
  const target = draft.redacts ?? (typeof redacts === 'string' ? (redacts as EventId) : undefined);
  return { ...draft, redacts: target, content: version.redactsInContent ? draft.content : content };
};

/** undefined: the event redacts nothing. */
export const redactionOf = async (
  engine: Engine,
  room: RoomRef,
  event: RoomEvent,
  auth: AuthState,
): Promise<RedactionRow | undefined> => {
  if (event.type !== 'm.room.redaction') return undefined;
  const { redacts } = event;
  if (redacts === undefined) throw invalidParam('A redaction must name the event that it redacts.');
  const target = await engine.db.read((tx) => eventById(tx, redacts));
  if (!target || target.room !== room.nid) throw notFound(`There is no event ${redacts} in this room.`);
  if (!mayRedactAsUser(room, event, target, auth)) {
    throw forbidden('You may redact your own events; others need the power level for redactions in this room.');
  }
  // What is redacted already stays as it is.
  if (target.redactedBy !== null) return { target: redacts };
  const { content, rest } = redactStored(target, room.version);
  return { target: redacts, apply: { nid: target.nid, content, rest } };
};

/** Stricter than what is accepted from other servers: a user's own server knows which user is which. */
const mayRedactAsUser = (room: RoomRef, redaction: RoomEvent, target: StoredEvent, auth: AuthState): boolean => {
  if (target.sender === redaction.sender) return true;
  const levels = readPowerLevels(auth.powerLevels?.content, room.version, auth.create);
  return levels.powerOf(redaction.sender) >= levels.redact;
};
