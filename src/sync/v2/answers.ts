// The texts of whole answers: an initial one in parts, an incremental one at once.

import type { Accounts } from '../../accounts/accounts.ts';
import type { E2ee } from '../../e2ee/e2ee.ts';
import type { Database, ReadTx } from '../../storage/database.ts';
import { accountDataSince, GLOBAL, type RoomAccountDatum } from '../../storage/stores/account-data.ts';
import type { Stream } from '../../stream/stream.ts';
import { type SyncToken, syncTokenText } from '../sync-token.ts';
import type { UserRoom } from '../user-rooms.ts';
import { deviceParts } from './device-parts.ts';
import { accountDataTexts, type JoinedDeps } from './joined-room.ts';
import type { Span, SyncRequest } from './request.ts';
import {
  type AccountDataByRoom,
  allEntries,
  changedEntries,
  type RoomEntry,
  roomEntryText,
  SECTIONS,
} from './rooms-part.ts';

export interface AnswerDeps extends JoinedDeps {
  readonly db: Database;
  readonly stream: Stream;
  readonly e2ee: E2ee;
  readonly accounts: Pick<Accounts, 'ignoredUsers'>;
}

/** Rooms read in one snapshot of an initial sync: the reader is given back while the client takes what was read. */
const ROOMS_AT_ONCE = 20;

interface Head {
  /** The answer's members but `rooms`. */
  readonly members: readonly string[];
  readonly hasNews: boolean;
  readonly next: SyncToken;
  readonly accountData: AccountDataByRoom;
}

const answerHead = async (
  deps: AnswerDeps,
  tx: ReadTx,
  { viewer, filter, since }: SyncRequest,
  span: Span,
): Promise<Head> => {
  const device = await deviceParts(deps.e2ee, tx, viewer, since, span.now);
  const next: SyncToken = { position: span.now, ephemeral: 0, toDevice: device.toDevice };
  const data = await accountDataSince(tx, viewer.user, span.since ?? Number.MIN_SAFE_INTEGER, span.now);
  const accountData = Map.groupBy(data, (datum: RoomAccountDatum) => datum.room);
  const global = accountDataTexts(accountData.get(GLOBAL) ?? [], filter.accountData);
  const members = [`"next_batch":${JSON.stringify(syncTokenText(next))}`, ...device.members];
  if (global.length > 0) members.push(`"account_data":{"events":[${global.join(',')}]}`);
  return { members, hasNews: device.hasNews || global.length > 0, next, accountData };
};

/** For an initial sync or one with full_state, part by part. */
export async function* wholeAnswer(
  deps: AnswerDeps,
  request: SyncRequest,
  span: Span,
  rooms: readonly UserRoom[],
): AsyncGenerator<string> {
  const ignored = await deps.accounts.ignoredUsers(request.viewer.user);
  const { head, entries } = await deps.db.read(async (tx) => ({
    head: await answerHead(deps, tx, request, span),
    entries: await wholeEntries(tx, request, span, rooms),
  }));
  let text = `{${head.members.join(',')},"rooms":{`;
  const present = SECTIONS.filter((section) => entries.some((entry) => entry.section === section));
  for (const [index, section] of present.entries()) {
    text += `${index === 0 ? '' : ','}"${section}":{`;
    const inSection = entries.filter((entry) => entry.section === section);
    let separator = '';
    for (let from = 0; from < inSection.length; from += ROOMS_AT_ONCE) {
      const some = inSection.slice(from, from + ROOMS_AT_ONCE);
      const texts = await deps.db.read((tx) => entryTexts(deps, tx, some, request, span, head.accountData, ignored));
      for (const each of texts) {
        text += `${separator}${each}`;
        separator = ',';
      }
      yield text;
      text = '';
    }
    text += '}';
  }
  yield `${text}}}`;
}

const wholeEntries = async (
  tx: ReadTx,
  request: SyncRequest,
  { since }: Span,
  rooms: readonly UserRoom[],
): Promise<RoomEntry[]> =>
  since === undefined ? allEntries(tx, rooms, request) : changedEntries(rooms, request, since, () => true);

const entryTexts = async (
  deps: AnswerDeps,
  tx: ReadTx,
  entries: readonly RoomEntry[],
  ...rest: Rest
): Promise<string[]> => {
  const texts: string[] = [];
  for (const entry of entries) {
    const text = await roomEntryText(deps, tx, entry, ...rest);
    if (text !== undefined) texts.push(text);
  }
  return texts;
};

type Rest = Parameters<typeof roomEntryText> extends [unknown, unknown, unknown, ...infer R] ? R : never;

export interface IncrementalAnswer {
  readonly text: string;
  readonly hasNews: boolean;
  readonly next: SyncToken;
}

export const incrementalAnswer = async (
  deps: AnswerDeps,
  request: SyncRequest,
  span: Span & { readonly since: number },
  rooms: readonly UserRoom[],
): Promise<IncrementalAnswer> => {
  const ignored = await deps.accounts.ignoredUsers(request.viewer.user);
  return deps.db.read(async (tx) => {
    const head = await answerHead(deps, tx, request, span);
    const { accountData } = head;
    const mayHaveNews = ({ nid }: UserRoom): boolean =>
      accountData.has(nid) || deps.stream.rooms.changedSince(nid, span.since) !== false;
    const entries = changedEntries(rooms, request, span.since, mayHaveNews);
    const sections: string[] = [];
    for (const section of SECTIONS) {
      const inSection = entries.filter((entry) => entry.section === section);
      const texts = await entryTexts(deps, tx, inSection, request, span, accountData, ignored);
      if (texts.length > 0) sections.push(`"${section}":{${texts.join(',')}}`);
    }
    const members = [...head.members];
    if (sections.length > 0) members.push(`"rooms":{${sections.join(',')}}`);
    return { text: `{${members.join(',')}}`, hasNews: head.hasNews || sections.length > 0, next: head.next };
  });
};
