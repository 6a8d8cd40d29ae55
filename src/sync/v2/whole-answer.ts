// The answer to a client that has nothing, or wants the whole state: written part by part, as the client takes it.

import type { ReadTx } from '../../storage/database.ts';
import { syncTokenText } from '../sync-token.ts';
import type { UserRoom } from '../user-rooms.ts';
import type { AnswerDeps } from './answer-deps.ts';
import { type AnswerHead, answerHead } from './answer-head.ts';
import type { Moment } from './incremental-answer.ts';
import { presenceTexts } from './presence-part.ts';
import type { Span, SyncRequest } from './request.ts';
import { newsAround, type RoomsNews, withReceipts } from './room-news.ts';
import {
  allEntries,
  changedEntries,
  type EntryContext,
  type RoomEntry,
  roomEntryText,
  SECTIONS,
} from './rooms-part.ts';

/** Rooms read in one snapshot: the reader is given back while the client takes what was read. */
const ROOMS_AT_ONCE = 20;

interface Beginning {
  readonly head: AnswerHead;
  readonly entries: readonly RoomEntry[];
  readonly news: RoomsNews;
  readonly presence: readonly string[];
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
  const { head, entries, news, presence } = await deps.db.read((tx) => beginning(deps, tx, request, span, rooms));
  const next = { position: now, ephemeral, toDevice: head.toDevice };
  yield `{"next_batch":${JSON.stringify(syncTokenText(next))},${head.members.join(',')}`;
  if (presence.length > 0) yield `,"presence":{"events":[${presence.join(',')}]}`;
  let open = ',"rooms":{';
  for (const section of SECTIONS) {
    const inSection = entries.filter((entry) => entry.section === section);
    if (inSection.length === 0) continue;
    yield `${open}"${section}":{`;
    yield* roomTexts(deps, inSection, { request, span, news, ignored, newRooms: [] });
    open = '},';
  }
  yield open === '},' ? '}}}' : '}';
}

const beginning = async (
  deps: AnswerDeps,
  tx: ReadTx,
  request: SyncRequest,
  span: Span,
  rooms: readonly UserRoom[],
): Promise<Beginning> => {
  const { viewer, since, filter } = request;
  const head = await answerHead(deps.e2ee, tx, request, span);
  const wanted = { viewer: viewer.user, since: since?.ephemeral, newRooms: [], newUsers: head.changedUsers };
  return {
    head,
    entries:
      span.since === undefined
        ? await allEntries(tx, rooms, request)
        : changedEntries(rooms, request, span.since, () => true),
    news: await newsAround(deps.ephemeral, tx, viewer.user, span, head.accountData, since?.ephemeral),
    presence: await presenceTexts(deps.ephemeral, tx, wanted, filter.presence),
  };
};

async function* roomTexts(
  deps: AnswerDeps,
  entries: readonly RoomEntry[],
  context: EntryContext,
): AsyncGenerator<string> {
  const { request, span } = context;
  let separator = '';
  for (let from = 0; from < entries.length; from += ROOMS_AT_ONCE) {
    const some = entries.slice(from, from + ROOMS_AT_ONCE);
    const nids = some.map(({ room }) => room.nid);
    const texts = await deps.db.read(async (tx) => {
      const news = await withReceipts(deps.ephemeral, tx, context.news, nids, request.viewer.user, span);
      const found: string[] = [];
      for (const entry of some) {
        const text = await roomEntryText(deps, tx, entry, { ...context, news });
        if (text !== undefined) found.push(text);
      }
      return found;
    });
    if (texts.length === 0) continue;
    yield `${separator}${texts.join(',')}`;
    separator = ',';
  }
}
