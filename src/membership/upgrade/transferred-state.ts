// The state that a room hands to the one that replaces it. Client-Server API, "Room Upgrades": "the recommended state events".

import { asJsonList, type JsonObject } from '../../protocol/events/json.ts';
import type { RoomEvent } from '../../protocol/events/room-event.ts';
import type { ServerName } from '../../protocol/ids/branded.ts';
import type { RoomVersion } from '../../protocol/room-versions/room-version.ts';

/** m.room.power_levels is on the list too, but is worked out anew. */
const RECOMMENDED: ReadonlySet<string> = new Set([
  'm.room.server_acl',
  'm.room.encryption',
  'm.room.name',
  'm.room.avatar',
  'm.room.topic',
  'm.room.guest_access',
  'm.room.history_visibility',
  'm.room.join_rules',
]);

export interface TransferredState {
  readonly type: string;
  readonly stateKey: string;
  readonly content: JsonObject;
}

/** `state`: the whole state of the old room. */
export const transferredState = (
  state: readonly RoomEvent[],
  version: RoomVersion,
  serverName: ServerName,
): TransferredState[] => {
  const isSpace = state.some(({ type, content }) => type === 'm.room.create' && content.type === 'm.space');
  return state.flatMap(({ type, stateKey = '', content }) => {
    if (type === 'm.room.canonical_alias') return { type, stateKey, content: localAliases(content, serverName).moved };
    // A space without its children would be empty.
    const isChild = isSpace && type === 'm.space.child' && Object.keys(content).length > 0;
    if (!isChild && !(RECOMMENDED.has(type) && stateKey === '')) return [];
    return { type, stateKey, content: type === 'm.room.join_rules' ? knownJoinRule(content, version) : content };
  });
};

/** Users who are banned, with their member events' content. */
export const bansIn = (state: readonly RoomEvent[]): TransferredState[] =>
  state.flatMap(({ type, stateKey, content }) => {
    if (type !== 'm.room.member' || stateKey === undefined || content.membership !== 'ban') return [];
    const banned: JsonObject = { membership: 'ban' };
    if (typeof content.reason === 'string') banned.reason = content.reason;
    return { type, stateKey, content: banned };
  });

/** A join rule that the new version does not know would let nobody in, and say so to nobody. */
const knownJoinRule = (content: JsonObject, version: RoomVersion): JsonObject => {
  const { join_rule: rule } = content;
  const isKnown =
    (rule !== 'knock' || version.allowKnocking) &&
    (rule !== 'restricted' || version.allowRestrictedJoins) &&
    (rule !== 'knock_restricted' || version.allowKnockRestricted);
  return isKnown ? content : { join_rule: 'invite' };
};

/** Aliases of this server move to the new room; those of other servers stay with the old one. */
export const localAliases = (content: JsonObject, serverName: ServerName): { moved: JsonObject; kept: JsonObject } => {
  const isLocal = (alias: unknown): boolean => typeof alias === 'string' && alias.endsWith(`:${serverName}`);
  const alternatives = asJsonList(content.alt_aliases);
  const part = (isWanted: (alias: unknown) => boolean): JsonObject => {
    const some = alternatives.filter(isWanted);
    return {
      ...(typeof content.alias === 'string' && isWanted(content.alias) && { alias: content.alias }),
      ...(some.length > 0 && { alt_aliases: some }),
    };
  };
  return { moved: part(isLocal), kept: part((alias) => !isLocal(alias)) };
};
