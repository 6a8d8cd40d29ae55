// What a room version decides, as data. Each version is written as the previous one plus its differences.

export type RoomVersionId = '1' | '2' | '3' | '4' | '5' | '6' | '7' | '8' | '9' | '10' | '11' | '12';

/** Every difference between room versions that any code may branch on. */
export interface RoomVersion {
  readonly id: RoomVersionId;
  /** v1–2: ids chosen by the origin server; v3: standard base64 of the reference hash; v4+: URL-safe base64. */
  readonly eventIdFormat: 'chosen' | 'reference-hash-base64' | 'reference-hash-url-safe';
  /** v1–2: prev_events and auth_events are [id, {sha256}] pairs. */
  readonly eventReferencesArePairs: boolean;
  /** Since v12: the room id is the create event's reference hash, the create event has no room_id. */
  readonly roomIdIsCreateHash: boolean;
  readonly stateResolution: 'v1' | 'v2' | 'v2.1';
  /** Since v5: signatures are checked against the key's validity at the event's time. */
  readonly enforceKeyValidity: boolean;
  /** Since v6: canonical JSON is strict (integers within ±(2^53-1), no floats). */
  readonly strictCanonicalJson: boolean;
  /** Since v6: m.room.aliases has no special auth rule and no special redaction. */
  readonly specialAliasesRule: boolean;
  /** Since v6: the notifications key of power levels is checked by the auth rules. */
  readonly limitNotificationsPowerLevels: boolean;
  /** Since v3: redaction power is checked by the server when applying, not by the auth rules. */
  readonly redactionCheckedByAuthRules: boolean;
  /** Since v7. */
  readonly allowKnocking: boolean;
  /** Since v8. */
  readonly allowRestrictedJoins: boolean;
  /** Since v10. */
  readonly allowKnockRestricted: boolean;
  /** Since v10: power levels must be integers. */
  readonly integerPowerLevels: boolean;
  /** Until v5 floats are truncated as power levels; strings are read as integers until v9. */
  readonly floatPowerLevels: boolean;
  /** Until v10: create's content.creator is required and names the creator; since v11 the sender is. */
  readonly creatorInContent: boolean;
  /** Since v11: `redacts` stands in the content. */
  readonly redactsInContent: boolean;
  /** Since v12: creators have infinite power; `additional_creators` exists; they may not stand in power levels' users. */
  readonly privilegedCreators: boolean;
  /** Top-level keys and content keys that redaction keeps. */
  readonly redaction: RedactionRules;
}

export interface RedactionRules {
  readonly topLevel: readonly string[];
  /** By event type: the content keys kept; 'all' keeps the whole content. A dotted key keeps one nested key. */
  readonly content: Readonly<Record<string, readonly string[] | 'all'>>;
}
