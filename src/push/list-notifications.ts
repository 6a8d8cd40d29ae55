// What a user was notified of, page by page. Client-Server API, "Listing Notifications".

import { invalidParam } from '../protocol/errors/matrix-error.ts';
import { roomVersion } from '../protocol/room-versions/room-versions.ts';
import type { RoomReader, Viewer } from '../rooms/read/room-reader.ts';
import type { Database, ReadTx } from '../storage/database.ts';
import { eventsByNid } from '../storage/stores/events.ts';
import { type NotifiedEvent, notifiedEvents } from '../storage/stores/notified-events.ts';
import { roomByNid } from '../storage/stores/rooms.ts';

export interface NotificationsQuestion {
  /** `next_token` of the page before. */
  readonly from: string | undefined;
  readonly limit: number;
  readonly onlyHighlights: boolean;
}

const END_OF_TIME = Number.MAX_SAFE_INTEGER;

const positionOf = (token: string | undefined): number => {
  if (token === undefined) return END_OF_TIME;
  if (!/^n\d{1,15}$/.test(token)) throw invalidParam('from is not a token of this endpoint.');
  return Number(token.slice(1));
};

const plain = '["notify"]';
const highlighted = '["notify",{"set_tweak":"highlight"}]';

/** One entry of the answer; undefined: the viewer may not see the event. */
const entryText = async (
  tx: ReadTx,
  reader: RoomReader,
  viewer: Viewer,
  notified: NotifiedEvent,
): Promise<string | undefined> => {
  const stored = await roomByNid(tx, notified.room);
  const version = stored && roomVersion(stored.version);
  if (!stored || !version) return undefined;
  const room = { nid: stored.nid, roomId: stored.roomId, version };
  const events = await eventsByNid(tx, [notified.event]);
  // What the history's visibility says of it, the invited user was told of the invite.
  const isOwnInvite = events.every(({ type, stateKey }) => type === 'm.room.member' && stateKey === viewer.userId);
  const visible = isOwnInvite ? events : await reader.visible(tx, room, events, viewer);
  const [text] = await reader.render(tx, room, visible, viewer, { withoutRoomId: true });
  if (text === undefined) return undefined;
  const ts = visible[0]!.originServerTs;
  const actions = notified.isHighlighted ? highlighted : plain;
  return `{"actions":${actions},"event":${text},"read":${notified.isRead},"room_id":${JSON.stringify(room.roomId)},"ts":${ts}}`;
};

export const createNotificationList = ({ db, reader }: { db: Database; reader: RoomReader }) => {
  /** The answer as JSON text. Throws M_INVALID_PARAM. */
  return (question: NotificationsQuestion, viewer: Viewer): Promise<string> => {
    const { limit, onlyHighlights } = question;
    const before = positionOf(question.from);
    return db.read(async (tx) => {
      const found = await notifiedEvents(tx, { user: viewer.user, before, onlyHighlights, limit });
      const texts: string[] = [];
      for (const notified of found) {
        const text = await entryText(tx, reader, viewer, notified);
        if (text !== undefined) texts.push(text);
      }
      const next = found.length < limit ? '' : `"next_token":"n${found.at(-1)!.position}",`;
      return `{${next}"notifications":[${texts.join(',')}]}`;
    });
  };
};

export type NotificationList = ReturnType<typeof createNotificationList>;
