// The answer to a client that has nothing, wants the whole state, or was away while much happened: written part by part, as the
// client takes it.

import { slicesOf } from '../../lib/slices-of.ts';
import type { ReadTx } from '../../storage/database.ts';
import { syncTokenText } from '../sync-token.ts';
import type { UserRoom } from '../user-rooms.ts';
import type { AnswerDeps } from './answer-deps.ts';
import { deviceParts } from './device-parts.ts';
import { type EntryContext, nothingLearnt } from './entry-context.ts';
import { ownAccountData } from './own-account-data.ts';
import { presenceTexts } from './presence-part.ts';
import type { Moment, Span, SyncRequest } from './request.ts';
import { newsAround, newsSince, type RoomsNews, withReceipts } from './room-news.ts';
import { allEntries, changedEntries, type RoomEntry, roomEntryText, SECTIONS } from './rooms-part.ts';

/** Rooms read in one snapshot: the reader is given back while the client takes what was read. */
const ROOMS_AT_ONCE = 20;

interface Beginning {
  /** The answer's members but `rooms`. */
  readonly members: readonly string[];
  readonly entries: readonly RoomEntry[];
  readonly news: RoomsNews;
}

export async function* wholeAnswer(
  deps: AnswerDeps,
  request: SyncRequest,
  { now, ephemeral }: Moment,
  rooms: readonly UserRoom[],
): AsyncGenerator<string> {
  const { viewer, since } = request;
  const span = { since: since?.position, now };
  const ignored = await deps.accounts.ignoredUsers(viewer.user);
  const start = await deps.db.read((tx) => beginning(deps, tx, request, { ...span, ephemeral }, rooms));
  const context: Context = { request, span, news: start.news, ignored, recent: new Map(), learnt: nothingLearnt() };
  yield `{${start.members.join(',')}`;
  let open = ',"rooms":{';
  for (const section of SECTIONS) {
    const inSection = start.entries.filter((entry) => entry.section === section);
    if (inSection.length === 0) continue;
    yield `${open}"${section}":{`;
    yield* roomTexts(deps, inSection, context);
    open = '},';
  }
  yield open === '},' ? '}}}' : '}';
}

const beginning = async (
  deps: AnswerDeps,
  tx: ReadTx,
  request: SyncRequest,
  { ephemeral, ...span }: Span & Moment,
  rooms: readonly UserRoom[],
): Promise<Beginning> => {
  const { viewer, since, filter } = request;
  const device = await deviceParts(deps.e2ee, tx, request, span.now, { user: true, rooms: true, members: true });
  const data = await ownAccountData(tx, viewer, span, filter.accountData);
  const presence = await presenceTexts(deps.ephemeral, tx, filter.presence, {
    viewer: viewer.user,
    since: since?.ephemeral,
    newRooms: [],
    newUsers: device.changedUsers,
  });
  const next = syncTokenText({ position: span.now, ephemeral, toDevice: device.toDevice });
  const members = [`"next_batch":${JSON.stringify(next)}`, ...device.members];
  if (data.global.length > 0) members.push(`"account_data":{"events":[${data.global.join(',')}]}`);
  if (presence.length > 0) members.push(`"presence":{"events":[${presence.join(',')}]}`);
  const news = await newsAround(deps.ephemeral, tx, viewer.user, span, {
    accountData: data.byRoom,
    typingSince: since?.ephemeral,
    asksOwnReceipts: true,
  });
  const everyRoom = (): boolean => true;
  const entries =
    since === undefined
      ? await allEntries(tx, rooms, request)
      : changedEntries(
          rooms,
          request,
          since.position,
          request.fullState ? everyRoom : newsSince(deps, since, { now: span.now, ephemeral }, news),
        );
  return { members, entries, news };
};

/** Each stretch of rooms is read in a transaction of its own. */
type Context = Omit<EntryContext, 'tx'>;

async function* roomTexts(deps: AnswerDeps, entries: readonly RoomEntry[], context: Context): AsyncGenerator<string> {
  const { request, span } = context;
  let separator = '';
  for (const some of slicesOf(entries, ROOMS_AT_ONCE)) {
    request.signal.throwIfAborted();
    const nids = some.map(({ room }) => room.nid);
    const texts = await deps.db.read(async (tx) => {
      const news = await withReceipts(deps.ephemeral, tx, context.news, nids, { ...span, viewer: request.viewer.user });
      const found: string[] = [];
      for (const entry of some) {
        const text = await roomEntryText(deps, entry, { ...context, tx, news });
        if (text !== undefined) found.push(text);
      }
      return found;
    });
    if (texts.length === 0) continue;
    yield `${separator}${texts.join(',')}`;
    separator = ',';
  }
}
