// The table of room versions 1 to 12, each the previous one plus its differences, for everything that branches on a version.
// Room versions, v1.19.

import { redactionRules } from './redaction-rules.ts';
import type { RoomVersion, RoomVersionId } from './room-version.ts';

const v1: RoomVersion = {
  id: '1',
  eventIdFormat: 'chosen',
  eventReferencesArePairs: true,
  roomIdIsCreateHash: false,
  stateResolution: 'v1',
  enforceKeyValidity: false,
  strictCanonicalJson: false,
  specialAliasesRule: true,
  limitNotificationsPowerLevels: false,
  redactionCheckedByAuthRules: true,
  allowKnocking: false,
  allowRestrictedJoins: false,
  allowKnockRestricted: false,
  integerPowerLevels: false,
  floatPowerLevels: true,
  creatorInContent: true,
  redactsInContent: false,
  privilegedCreators: false,
  redaction: redactionRules.withAliases,
};

const v2: RoomVersion = { ...v1, id: '2', stateResolution: 'v2' };

const v3: RoomVersion = {
  ...v2,
  id: '3',
  eventIdFormat: 'reference-hash-base64',
  eventReferencesArePairs: false,
  redactionCheckedByAuthRules: false,
};

const v4: RoomVersion = { ...v3, id: '4', eventIdFormat: 'reference-hash-url-safe' };

const v5: RoomVersion = { ...v4, id: '5', enforceKeyValidity: true };

const v6: RoomVersion = {
  ...v5,
  id: '6',
  strictCanonicalJson: true,
  specialAliasesRule: false,
  limitNotificationsPowerLevels: true,
  floatPowerLevels: false,
  redaction: redactionRules.withoutAliases,
};

const v7: RoomVersion = { ...v6, id: '7', allowKnocking: true };

const v8: RoomVersion = { ...v7, id: '8', allowRestrictedJoins: true, redaction: redactionRules.withAllow };

const v9: RoomVersion = { ...v8, id: '9', redaction: redactionRules.withAuthorisingServer };

const v10: RoomVersion = { ...v9, id: '10', allowKnockRestricted: true, integerPowerLevels: true };

const v11: RoomVersion = {
  ...v10,
  id: '11',
  creatorInContent: false,
  redactsInContent: true,
  redaction: redactionRules.sinceV11,
};

const v12: RoomVersion = {
  ...v11,
  id: '12',
  roomIdIsCreateHash: true,
  stateResolution: 'v2.1',
  privilegedCreators: true,
};

export const roomVersions: Readonly<Record<RoomVersionId, RoomVersion>> = {
  1: v1,
  2: v2,
  3: v3,
  4: v4,
  5: v5,
  6: v6,
  7: v7,
  8: v8,
  9: v9,
  10: v10,
  11: v11,
  12: v12,
};

const byId: ReadonlyMap<string, RoomVersion> = new Map(Object.entries(roomVersions));

/** undefined: a version this server does not know. */
export const roomVersion = (id: string): RoomVersion | undefined => byId.get(id);
