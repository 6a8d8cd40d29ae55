// What clients' state events are checked for beyond the authorisation rules, with answers that say what is wrong.
// Client-Server API, "PUT /rooms/{roomId}/state/{eventType}/{stateKey}"; room version 12, "Room creators".

import { isCreator } from '../../protocol/auth-rules/creators.ts';
import { readPowerLevelValue } from '../../protocol/auth-rules/power-level-value.ts';
import { levelDefaults } from '../../protocol/auth-rules/power-levels.ts';
import { badAlias, badJson, invalidParam } from '../../protocol/errors/matrix-error.ts';
import type { Json, JsonObject } from '../../protocol/events/json.ts';
import type { RoomAlias } from '../../protocol/ids/branded.ts';
import { isRoomAlias } from '../../protocol/ids/room-alias.ts';
import type { Database } from '../../storage/database.ts';
import { findAlias } from '../../storage/stores/aliases.ts';
import type { RoomView } from '../state/room-view.ts';
import type { Draft } from './draft.ts';

/** Most state events are checked by the authorisation rules alone. */
export const isChecked = ({ type, stateKey }: Pick<Draft, 'type' | 'stateKey'>): boolean =>
  type === 'm.room.create' ||
  (stateKey === '' && (type === 'm.room.canonical_alias' || type === 'm.room.power_levels'));

/** For what isChecked says. Throws M_BAD_ALIAS, M_INVALID_PARAM, M_BAD_JSON. */
export const checkState = async (db: Database, room: RoomView, { type, content }: Draft): Promise<void> => {
  switch (type) {
    case 'm.room.canonical_alias':
      return checkAliases(db, room, content);
    case 'm.room.power_levels':
      return checkPowerLevels(room, content);
    // "The first event in a room": no room accepts another from anybody.
    default:
      throw badJson(`${type} is a room's first event and cannot be sent to one.`);
  }
};

/** "Servers do not validate aliases which are being removed or are already present in the state event." */
const checkAliases = async (db: Database, room: RoomView, content: JsonObject): Promise<void> => {
  const current = await room.get('m.room.canonical_alias');
  const known = new Set(current ? namedAliases(current.content) : []);
  const added = new Set(namedAliases(content).filter((alias) => !known.has(alias)));
  for (const alias of [...added].map(checkSyntax)) {
    const found = await db.read((tx) => findAlias(tx, alias));
    if (found?.room !== room.nid) throw badAlias(`The alias ${alias} does not point to this room.`);
  }
};

const checkSyntax = (alias: Json): RoomAlias => {
  if (typeof alias !== 'string' || !isRoomAlias(alias)) throw invalidParam('An alias is not a room alias.');
  return alias;
};

/** "If not present, null, or empty the room should be considered to have no canonical alias." */
const namedAliases = ({ alias, alt_aliases: alternatives }: JsonObject): Json[] => {
  if (alternatives !== undefined && !Array.isArray(alternatives)) throw invalidParam('alt_aliases must be a list.');
  return [...(alias === undefined || alias === null || alias === '' ? [] : [alias]), ...(alternatives ?? [])];
};

/** Levels that no room of this version accepts from anybody are malformed, not forbidden. */
const checkPowerLevels = async (room: RoomView, content: JsonObject): Promise<void> => {
  const { version } = room;
  for (const name of Object.keys(levelDefaults)) {
    const value = content[name];
    if (value !== undefined && readPowerLevelValue(value, version) === undefined) {
      throw badJson(`${name} must be an integer.`);
    }
  }
  for (const name of ['events', 'notifications', 'users']) {
    const map = content[name];
    if (map === undefined) continue;
    if (typeof map !== 'object' || map === null || Array.isArray(map)) throw badJson(`${name} must be an object.`);
    const wrong = Object.entries(map).find(([, value]) => readPowerLevelValue(value, version) === undefined);
    if (wrong) throw badJson(`${name}: the level of ${wrong[0]} must be an integer.`);
  }
  if (!version.privilegedCreators) return;
  // Since v12.
  const create = await room.get('m.room.create');
  const creator = Object.keys((content.users as JsonObject | undefined) ?? {}).find((user) =>
    isCreator(user, create, version),
  );
  if (creator !== undefined) throw badJson(`${creator} created this room and so cannot stand in the list of users.`);
};
