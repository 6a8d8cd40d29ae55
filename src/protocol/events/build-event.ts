// Makes an event of this server: its canonical text is spliced once from the texts of its parts, and content hash,
// signature and reference hash are taken from splices of the same parts.
// Server-Server API, "Adding hashes and signatures to outgoing events".

import { canonicalJson } from '../canonical-json/canonical-json.ts';
import { tooLarge } from '../errors/matrix-error.ts';
import type { EventId, RoomId, UserId } from '../ids/branded.ts';
import { redactContent } from '../redaction/redact.ts';
import type { RoomVersion } from '../room-versions/room-version.ts';
import { signText } from '../signing/sign-json.ts';
import type { Signer } from '../signing/signing-key.ts';
import { eventIdOfSignedText, sha256Base64 } from './event-hashes.ts';
import type { JsonObject } from './json.ts';
import type { RoomEvent } from './room-event.ts';

/** The PDU's size limit in bytes of canonical JSON. Client-Server API, "Size limits". */
export const EVENT_SIZE_BYTES_MAX = 65_536;
/** For type, state_key, sender, room_id and event_id. */
export const EVENT_FIELD_BYTES_MAX = 255;

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
  /** In standard base64: what references to it carry in room versions 1 and 2; '' in later ones. */
  readonly referenceHash: string;
}

/** Throws M_BAD_JSON for content without a canonical form, M_TOO_LARGE for an event over the size limits. */
export const buildEvent = (draft: EventToBuild, version: RoomVersion, signer: Signer): BuiltEvent => {
  const content = contentWithRedacts(draft, version);
  const contentJson = canonicalJson(content, version.strictCanonicalJson ? 'strict' : 'lossless');
  const members = membersOf(draft, version);
  const hashes = `{"sha256":"${sha256Base64(splice(members, { content: contentJson }))}"}`;
  const redacted = redactContent(draft.type, content, version);
  const redactedJson = redacted === content ? contentJson : canonicalJson(redacted);
  const kept = version.redaction.topLevel.includes('redacts') ? members : without(members, 'redacts');
  const signedText = splice(kept, { content: redactedJson, hashes });
  const signature = signText(signedText, signer.key);
  const signatures = `{${canonicalJson(signer.name)}:{"${signer.key.keyId}":"${signature}"}}`;
  const eventId = draft.chosenEventId ?? eventIdOfSignedText(signedText, version);
  const referenceHash = version.eventReferencesArePairs ? sha256Base64(signedText) : '';
  checkSize(draft, eventId, splice(members, { content: contentJson, hashes, signatures }));
  return {
    event: roomEvent(draft, version, eventId, content),
    contentJson,
    restJson: splice(rest(members), { hashes, signatures }),
    referenceHash,
  };
};

type Member = readonly [key: string, text: string];

/** Since v11 `redacts` stands in the content. */
const contentWithRedacts = (draft: EventToBuild, version: RoomVersion): JsonObject =>
  version.redactsInContent && draft.redacts !== undefined && draft.content.redacts !== draft.redacts
    ? { ...draft.content, redacts: draft.redacts }
    : draft.content;

/** Every member but content, hashes and signatures, in canonical order. */
const membersOf = (draft: EventToBuild, version: RoomVersion): Member[] => {
  const members: Member[] = [
    ['auth_events', referencesJson(draft.authEvents, version)],
    ['depth', String(draft.depth)],
  ];
  if (draft.chosenEventId !== undefined) members.push(['event_id', canonicalJson(draft.chosenEventId)]);
  members.push(['origin_server_ts', String(draft.originServerTs)]);
  members.push(['prev_events', referencesJson(draft.prevEvents, version)]);
  if (!version.redactsInContent && draft.redacts !== undefined) {
    members.push(['redacts', canonicalJson(draft.redacts)]);
  }
  if (!isCreateOfHashedRoom(draft, version)) members.push(['room_id', canonicalJson(draft.roomId)]);
  members.push(['sender', canonicalJson(draft.sender)]);
  if (draft.stateKey !== undefined) members.push(['state_key', canonicalJson(draft.stateKey)]);
  members.push(['type', canonicalJson(draft.type)]);
  return members;
};

const isCreateOfHashedRoom = (draft: EventToBuild, version: RoomVersion): boolean =>
  version.roomIdIsCreateHash && draft.type === 'm.room.create' && draft.stateKey === '';

const referencesJson = (references: readonly EventReference[], version: RoomVersion): string => {
  const texts = references.map(({ eventId, hash }) =>
    version.eventReferencesArePairs ? `[${canonicalJson(eventId)},{"sha256":"${hash}"}]` : canonicalJson(eventId),
  );
  return `[${texts.join(',')}]`;
};

/** Merges further members into members that are in order. */
const splice = (members: readonly Member[], further: Readonly<Record<string, string>>): string => {
  const all = [...members, ...Object.entries(further)].sort(([a], [b]) => (a < b ? -1 : 1));
  let text = '';
  for (const [key, value] of all) text += `${text === '' ? '{' : ','}"${key}":${value}`;
  return `${text}}`;
};

const without = (members: readonly Member[], key: string): Member[] => members.filter((member) => member[0] !== key);

const rest = (members: readonly Member[]): Member[] =>
  members.filter(([key]) => key === 'auth_events' || key === 'prev_events' || key === 'redacts');

const roomEvent = (draft: EventToBuild, version: RoomVersion, eventId: EventId, content: JsonObject): RoomEvent => ({
  eventId,
  roomId: isCreateOfHashedRoom(draft, version) ? (`!${eventId.slice(1)}` as RoomId) : draft.roomId,
  type: draft.type,
  stateKey: draft.stateKey,
  sender: draft.sender,
  content,
  originServerTs: draft.originServerTs,
  depth: draft.depth,
  prevEvents: draft.prevEvents.map((reference) => reference.eventId),
  authEvents: draft.authEvents.map((reference) => reference.eventId),
  redacts: draft.redacts,
});

const checkSize = (draft: EventToBuild, eventId: EventId, pduJson: string): void => {
  if (Buffer.byteLength(pduJson) > EVENT_SIZE_BYTES_MAX) {
    throw tooLarge(`The event is larger than ${EVENT_SIZE_BYTES_MAX} bytes.`);
  }
  const fields = { type: draft.type, state_key: draft.stateKey ?? '', sender: draft.sender, event_id: eventId };
  for (const [name, value] of Object.entries(fields)) {
    if (Buffer.byteLength(value) > EVENT_FIELD_BYTES_MAX) {
      throw tooLarge(`The event's ${name} is longer than ${EVENT_FIELD_BYTES_MAX} bytes.`);
    }
  }
};
