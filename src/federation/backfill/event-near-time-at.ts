// The event nearest to a moment, by what other servers in the room say. Server-Server API, GET /timestamp_to_event.

import { PeerError } from '../../peers/peer-error.ts';
import type { RoomId, ServerName } from '../../protocol/ids/branded.ts';
import type { TimedEvent, TimeQuestion } from '../../rooms/ports.ts';
import { isNearerInTime } from '../../rooms/read/event-near-time.ts';
import type { Fetch } from '../fetch/fetch.ts';

const TIMEOUT_MS = 10_000;
const SERVERS_MAX = 3;

/** The nearest of what they answer; undefined: none of them knows one. */
export const eventNearTimeAt = async (
  fetch: Pick<Fetch, 'eventNearTime'>,
  servers: readonly ServerName[],
  roomId: RoomId,
  question: TimeQuestion,
): Promise<TimedEvent | undefined> => {
  const answers = await Promise.all(
    servers.slice(0, SERVERS_MAX).map((server) =>
      fetch.eventNearTime(server, roomId, question, { timeoutMs: TIMEOUT_MS }).catch((error: unknown) => {
        if (error instanceof PeerError) return undefined;
        throw error;
      }),
    ),
  );
  return answers.reduce((best, each) => {
    const isNearer = each && (!best || isNearerInTime(each.originServerTs, best.originServerTs, question));
    return isNearer ? each : best;
  }, undefined);
};
