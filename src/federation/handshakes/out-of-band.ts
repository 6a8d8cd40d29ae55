// Invites and knocks of local users in rooms that this server is not in: kept beside the room's state, which is not known,
// with what was told of the room. Client-Server API, "Stripped state".

import { canonicalJson } from '../../protocol/canonical-json/canonical-json.ts';
import { isJsonObject, type Json } from '../../protocol/events/json.ts';
import type { ParsedPdu } from '../../protocol/events/parse-pdu.ts';
import type { ServerName, UserId } from '../../protocol/ids/branded.ts';
import type { RoomVersion } from '../../protocol/room-versions/room-version.ts';
import { hashToBytes } from '../../rooms/state/room-state.ts';
import { emptyRoot } from '../../rooms/state-tree/encode-node.ts';
import { storeOutOfBand } from '../../storage/stores/out-of-band.ts';
import type { NotificationRow } from '../../storage/stores/persist.ts';
import type { HandshakeDeps } from './deps.ts';

/** Events that are kept of what was told of a room. */
const STRIPPED_MAX = 100;
/** Text that is kept of them. */
const STRIPPED_LENGTH_MAX = 500_000;

/**
 * A membership of a local user that stands in no state here. `told`: state events of the room, whole or stripped, with the
 * server that told them; undefined: nothing is kept, as for leaves. `notifications`: what their push rules say of it. Does
 * nothing when they are joined.
 */
export const keepOutOfBand = async (
  { db, rooms }: Pick<HandshakeDeps, 'db' | 'rooms'>,
  { event, contentJson, restJson }: ParsedPdu,
  version: RoomVersion,
  told: { readonly events: readonly Json[]; readonly via: ServerName } | undefined,
  notifications: readonly NotificationRow[] = [],
): Promise<void> => {
  const own = { content: event.content, sender: event.sender, state_key: event.stateKey!, type: event.type };
  await db.write(storeOutOfBand, {
    nid: await rooms.takeEventNids(1),
    roomId: event.roomId,
    version: version.id,
    emptyRoot: hashToBytes(emptyRoot),
    event: {
      eventId: event.eventId,
      sender: event.sender,
      target: event.stateKey as UserId,
      membership: event.content.membership as string,
      originServerTs: event.originServerTs,
      depth: event.depth,
      content: contentJson,
      rest: restJson,
    },
    told: told && { events: strippedTexts([...told.events, own]), via: told.via },
    notifications,
  });
};

/** "Stripped state events can only have the sender, type, state_key and content properties present." */
const strippedTexts = (told: readonly Json[]): string => {
  const texts = new Map<string, string>();
  let length = 0;
  for (const event of told.slice(-STRIPPED_MAX)) {
    if (!isJsonObject(event)) continue;
    const { content, sender, state_key: stateKey, type } = event;
    if (!isJsonObject(content) || typeof sender !== 'string') continue;
    if (typeof stateKey !== 'string' || typeof type !== 'string') continue;
    const text = canonicalJson({ content, sender, state_key: stateKey, type }, 'lossless');
    length += text.length;
    if (length > STRIPPED_LENGTH_MAX) continue;
    // The last one wins: the member event itself comes last.
    texts.set(JSON.stringify([type, stateKey]), text);
  }
  return `[${[...texts.values()].join(',')}]`;
};
