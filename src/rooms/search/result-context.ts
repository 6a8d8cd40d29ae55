// What stands around an event that a search found. Client-Server API, POST /search, event_context.

import type { JsonObject } from '../../protocol/events/json.ts';
import type { StoredEvent } from '../../storage/stores/events.ts';
import { eventsAround } from '../read/event-context.ts';
import { lazyMembers } from '../read/lazy-members.ts';
import { positionToken } from '../read/position-token.ts';
import { renderEvents } from '../read/render-events.ts';
import { END_OF_TIME } from '../read/room-access.ts';
import type { Look } from '../read/room-reader.ts';
import type { RoomRef } from '../room-ref.ts';

export interface ContextQuestion {
  readonly before: number;
  readonly after: number;
  readonly includeProfile: boolean;
}

export interface ResultContext {
  readonly start: string;
  readonly end: string;
  /** JSON texts: newest first, and oldest first. */
  readonly before: readonly string[];
  readonly after: readonly string[];
  /** "The historic profile information of the users that sent the events returned", by user id. */
  readonly profiles: Readonly<Record<string, Profile>> | undefined;
}

interface Profile {
  readonly displayname?: string;
  readonly avatar_url?: string;
}

export const contextOf = async (
  look: Look,
  room: RoomRef,
  event: StoredEvent,
  question: ContextQuestion,
): Promise<ResultContext> => {
  const { reading, tx } = look;
  const position = event.position!;
  const limits = { limit: question.before + question.after, before: question.before, filter: undefined };
  const around = await eventsAround(look, { room, upTo: END_OF_TIME }, { position }, limits);
  const shown = [event, ...around.before, ...around.after];
  return {
    start: positionToken((around.before.at(-1) ?? event).position! - 1),
    end: positionToken((around.after.at(-1) ?? event).position!),
    before: await renderEvents(look, room, around.before),
    after: await renderEvents(look, room, around.after),
    profiles: question.includeProfile ? profilesIn(await lazyMembers(reading, tx, shown)) : undefined,
  };
};

const profilesIn = (members: readonly StoredEvent[]): Record<string, Profile> =>
  Object.fromEntries(members.map(({ stateKey, content }) => [stateKey!, profileIn(JSON.parse(content) as JsonObject)]));

const profileIn = ({ displayname, avatar_url: avatarUrl }: JsonObject): Profile => ({
  ...(typeof displayname === 'string' && { displayname }),
  ...(typeof avatarUrl === 'string' && { avatar_url: avatarUrl }),
});
