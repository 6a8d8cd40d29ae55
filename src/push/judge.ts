// Whom an event notifies: one outcome for all members with the default push rules, and rows for the few it is otherwise for.
// The room engine asks once per event. Client-Server API, "Push Rules".

import type { RoomEvent } from '../protocol/events/room-event.ts';
import type { ServerName, UserId } from '../protocol/ids/branded.ts';
import { evaluate, noOutcome, type PushOutcome } from '../protocol/push-rules/compile-rules.ts';
import { type DefaultOutcome, outcomeForDefaultRules } from '../protocol/push-rules/outcome-for-default-rules.ts';
import { type PushSubject, pushSubject, type RoomPushContext } from '../protocol/push-rules/push-subject.ts';
import type { NotificationContext, NotificationPort } from '../rooms/ports.ts';
import type { Database } from '../storage/database.ts';
import type { NotificationRow } from '../storage/stores/persist.ts';
import { memberContents } from '../storage/stores/push-rules.ts';
import type { Ignorers } from './ignorers.ts';
import { createNamedUsers } from './named-users.ts';
import { roomPushContext } from './push-context.ts';
import { isLocalMember, type RoomMembers, type RoomMembersOf } from './room-members.ts';
import { nobody, type RuleClass, type RuleClasses } from './rule-classes.ts';

export interface JudgeDeps {
  readonly db: Database;
  readonly serverName: ServerName;
  readonly ruleClasses: RuleClasses;
  readonly membersOf: RoomMembersOf;
  readonly ignorers: Ignorers;
}

/** What one event comes to, before the users with rules of their own are looked at. */
interface Judged {
  readonly event: RoomEvent;
  readonly context: NotificationContext;
  readonly members: RoomMembers;
  readonly subject: PushSubject;
  readonly roomContext: RoomPushContext;
  readonly outcome: DefaultOutcome;
  /** Users of this server whom the event names and who are members or its target: nid → user id. */
  readonly named: ReadonlyMap<number, UserId>;
}

const noOutcomes: ReadonlyMap<number, PushOutcome> = new Map();

export const createJudge = ({ db, serverName, ruleClasses, membersOf, ignorers }: JudgeDeps): NotificationPort => {
  const namedUsers = createNamedUsers({ db, serverName });

  /** Members with rules of their own; worked out again only when members or those users change. */
  const customMembers = async (members: RoomMembers): Promise<readonly number[]> => {
    if (members.customVersion === ruleClasses.version) return members.custom;
    const { version } = ruleClasses;
    const users = await ruleClasses.users();
    members.custom = [...members.local].filter((user) => users.has(user));
    members.customVersion = version;
    return members.custom;
  };

  const namesIn = async (room: number, members: RoomMembers, users: readonly number[]): Promise<void> => {
    const absent = users.filter((user) => !members.names.has(user));
    if (absent.length === 0) return;
    for (const user of absent) members.names.set(user, null);
    const rows = await db.read((tx) => memberContents(tx, room, absent));
    for (const { user, content } of rows) {
      const { displayname } = JSON.parse(content) as { displayname?: unknown };
      if (typeof displayname === 'string') members.names.set(user, displayname);
    }
  };

  /** What the rules of users with rules of their own say; who have none of the `users` are absent. */
  const customOutcomes = async (judged: Judged, users: readonly number[]): Promise<Map<number, PushOutcome>> => {
    const classes = await ruleClasses.classesOf(users);
    const needName = users.filter((_, index) => classes[index]?.needsName);
    if (needName.length > 0) await namesIn(judged.context.room, judged.members, needName);
    const outcomes = new Map<number, PushOutcome>();
    const ofClass = new Map<RuleClass, PushOutcome>();
    for (const [index, user] of users.entries()) {
      const ruleClass = classes[index];
      if (ruleClass) outcomes.set(user, customOutcome(judged, user, ruleClass, ofClass));
    }
    return outcomes;
  };

  return {
    async judge(event, context) {
      const found = membersOf(context.room, context.stateRoot);
      const members = found instanceof Promise ? await found : found;
      const subject = pushSubject(event);
      const roomContext = roomPushContext(context, event.sender, members.joined);
      const outcome = outcomeForDefaultRules(subject, roomContext);
      const named = await namedUsers(event, members);
      const judged: Judged = { event, context, members, subject, roomContext, outcome, named };
      const fromRules = await customMembers(members);
      const users = await ruleClasses.users();
      const outside = [...named.keys()].filter((user) => users.has(user) && !isLocalMember(members, user));
      const custom = [...fromRules, ...outside].filter((user) => user !== context.sender);
      const own = custom.length === 0 ? noOutcomes : await customOutcomes(judged, custom);
      const exceptions = exceptionsOf(judged, own, await ignorers.of(event.sender));
      return { notifies: outcome.common.notify, highlights: outcome.common.highlight, exceptions };
    },
  };
};

const exceptionsOf = (
  { event, context, members, outcome, named }: Judged,
  own: ReadonlyMap<number, PushOutcome>,
  ignorers: ReadonlySet<number>,
): NotificationRow[] => {
  const { common } = outcome;
  const rows: NotificationRow[] = [];
  const note = (user: number, said: PushOutcome): void => {
    const { notify, highlight } = ignorers.has(user) ? noOutcome : said;
    if (notify !== common.notify || highlight !== common.highlight) rows.push({ user, notify, highlight });
  };
  // What a user sends marks itself as read, but state does not.
  if (event.stateKey !== undefined && isLocalMember(members, context.sender)) note(context.sender, noOutcome);
  for (const [user, userOutcome] of own) note(user, userOutcome);
  for (const [user, userId] of named) {
    if (!own.has(user)) note(user, outcome.exceptions.get(userId) ?? common);
  }
  for (const user of ignorers) {
    if (user === context.sender || own.has(user) || named.has(user)) continue;
    if (isLocalMember(members, user)) note(user, noOutcome);
  }
  return rows;
};

/** `ofClass` keeps what a class of equal rules says to all whom the event does not name. */
const customOutcome = (
  { subject, roomContext, named, members }: Judged,
  user: number,
  ruleClass: RuleClass,
  ofClass: Map<RuleClass, PushOutcome>,
): PushOutcome => {
  const { compiled } = ruleClass;
  const userId = named.get(user) ?? nobody;
  if (ruleClass.needsName) {
    const displayName = members.names.get(user) ?? undefined;
    return evaluate(compiled, subject, { ...roomContext, userId, displayName });
  }
  if (userId !== nobody) return evaluate(compiled, subject, { ...roomContext, userId });
  const known = ofClass.get(ruleClass);
  if (known) return known;
  const outcome = evaluate(compiled, subject, { ...roomContext, userId });
  ofClass.set(ruleClass, outcome);
  return outcome;
};
