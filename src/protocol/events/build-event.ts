// Makes an event of this server: its canonical text is spliced once from the texts of its parts, and content hash,
// signature and reference hash are taken from splices of the same parts.
// Server-Server API, "Adding hashes and signatures to outgoing events".

import { canonicalJson, canonicalString } from '../canonical-json/canonical-json.ts';
import { strictNumber } from '../canonical-json/canonical-number.ts';
import type { EventId, RoomId, UserId } from '../ids/branded.ts';
import { roomIdOfCreate } from '../ids/room-id.ts';
import { redactContent } from '../redaction/redact.ts';
import type { RoomVersion } from '../room-versions/room-version.ts';
import { signText } from '../signing/sign-json.ts';
import type { Signer } from '../signing/signing-key.ts';
import { checkEventSize } from './check-event-size.ts';
import { eventIdOfSignedText, sha256Base64 } from './event-hashes.ts';
import type { JsonObject } from './json.ts';
import { redactsOf } from './redacts-of.ts';
import type { RoomEvent } from './room-event.ts';

/** An event that is referred to; `hash` (its reference hash in standard base64) is needed in room versions 1 and 2. */
export interface EventReference {
  readonly eventId: EventId;
  readonly hash?: string | undefined;
}

export interface EventToBuild {
  /** Since v12 not looked at for m.room.create, whose room id is made from the event. */
  readonly roomId: RoomId;
  readonly type: string;
  readonly stateKey: string | undefined;
  readonly sender: UserId;
  readonly content: JsonObject;
  readonly originServerTs: number;
  readonly depth: number;
  readonly prevEvents: readonly EventReference[];
  readonly authEvents: readonly EventReference[];
  readonly redacts: EventId | undefined;
  /** Versions 1 and 2: the id that this server chose. */
  readonly chosenEventId?: EventId | undefined;
}

export interface BuiltEvent {
  readonly event: RoomEvent;
  /** The texts that storage keeps: PduTexts. */
  readonly contentJson: string;
  readonly restJson: string;
  /** The whole signed event as other servers get it: PduTexts. */
  readonly pduJson: string;
  /** In standard base64: what references to it carry in room versions 1 and 2; '' in later ones. */
  readonly referenceHash: string;
}

/** Throws M_BAD_JSON for content without a canonical form, M_TOO_LARGE for an event over the size limits. */
export const buildEvent = (draft: EventToBuild, version: RoomVersion, signer: Signer): BuiltEvent => {
  const mode = version.strictCanonicalJson ? 'strict' : 'lossless';
  const content = contentWithRedacts(draft, version);
  const contentJson = canonicalJson(content, mode);
  const redacted = redactContent(draft.type, content, version);
  const redactedJson = redacted === content ? contentJson : canonicalJson(redacted, mode);
  const texts = draftTexts(draft, version);
  const { start, depth, middle, redacts, sender, end } = texts;
  const hash = sha256Base64(`${start}${contentJson}${depth}${middle}${redacts}${sender}${end}`);
  const hashes = `,"hashes":{"sha256":"${hash}"}`;
  // No room version's redaction keeps `redacts` at the top level.
  const signedText = `${start}${redactedJson}${depth}${hashes}${middle}${sender}${end}`;
  const signature = signText(signedText, signer.key);
  const signatures = `,"signatures":{${canonicalString(signer.name)}:{"${signer.key.keyId}":"${signature}"}}`;
  const eventId = draft.chosenEventId ?? eventIdOfSignedText(signedText, version);
  const pduJson = `${start}${contentJson}${depth}${hashes}${middle}${redacts}${sender}${signatures}${end}`;
  const event = roomEvent(draft, version, eventId, content);
  checkEventSize(event, pduJson);
  return {
    event,
    contentJson,
    restJson: `{${texts.authEvents}${hashes}${texts.prevEvents}${redacts}${signatures}}`,
    pduJson,
    referenceHash: version.eventReferencesArePairs ? sha256Base64(signedText) : '',
  };
};

/** Pieces of the canonical text between which content, hashes, redacts and signatures are put. */
interface DraftTexts {
  readonly authEvents: string;
  readonly prevEvents: string;
  /** Up to the content. */
  readonly start: string;
  readonly depth: string;
  /** From after the hashes to prev_events. */
  readonly middle: string;
  readonly redacts: string;
  /** room_id and sender. */
  readonly sender: string;
  readonly end: string;
}

const draftTexts = (draft: EventToBuild, version: RoomVersion): DraftTexts => {
  const authEvents = `"auth_events":${referencesJson(draft.authEvents, version)}`;
  const prevEvents = `,"prev_events":${referencesJson(draft.prevEvents, version)}`;
  const eventId = draft.chosenEventId === undefined ? '' : `,"event_id":${canonicalString(draft.chosenEventId)}`;
  const redacts = version.redactsInContent || draft.redacts === undefined ? undefined : draft.redacts;
  const roomId = isCreateOfHashedRoom(draft, version) ? '' : `,"room_id":${canonicalString(draft.roomId)}`;
  const stateKey = draft.stateKey === undefined ? '' : `,"state_key":${canonicalString(draft.stateKey)}`;
  return {
    authEvents,
    prevEvents,
    start: `{${authEvents},"content":`,
    depth: `,"depth":${strictNumber(draft.depth)}${eventId}`,
    middle: `,"origin_server_ts":${strictNumber(draft.originServerTs)}${prevEvents}`,
    redacts: redacts === undefined ? '' : `,"redacts":${canonicalString(redacts)}`,
    sender: `${roomId},"sender":${canonicalString(draft.sender)}`,
    end: `${stateKey},"type":${canonicalString(draft.type)}}`,
  };
};

/** Since v11 `redacts` stands in the content. */
const contentWithRedacts = (draft: EventToBuild, version: RoomVersion): JsonObject =>
  version.redactsInContent && draft.redacts !== undefined && draft.content.redacts !== draft.redacts
    ? { ...draft.content, redacts: draft.redacts }
    : draft.content;

/** Since v12 it has no room_id. */
const isCreateOfHashedRoom = (draft: EventToBuild, version: RoomVersion): boolean =>
  version.roomIdIsCreateHash && draft.type === 'm.room.create';

const referencesJson = (references: readonly EventReference[], version: RoomVersion): string => {
  let text = '';
  for (const { eventId, hash } of references) {
    const id = canonicalString(eventId);
    text += version.eventReferencesArePairs ? `,[${id},{"sha256":"${hash}"}]` : `,${id}`;
  }
  return `[${text.slice(1)}]`;
};

const roomEvent = (draft: EventToBuild, version: RoomVersion, eventId: EventId, content: JsonObject): RoomEvent => ({
  eventId,
  roomId: isCreateOfHashedRoom(draft, version) ? roomIdOfCreate(eventId) : draft.roomId,
  type: draft.type,
  stateKey: draft.stateKey,
  sender: draft.sender,
  content,
  originServerTs: draft.originServerTs,
  depth: draft.depth,
  prevEvents: draft.prevEvents.map((reference) => reference.eventId),
  authEvents: draft.authEvents.map((reference) => reference.eventId),
  redacts: draft.redacts ?? redactsOf(draft.type, version.redactsInContent ? content : {}),
});
