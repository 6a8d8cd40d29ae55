// A room is entered without its members, which the server fetches while its users are in it already.
// Server-Server API, "Joining Rooms": omit_members. Since v1.6.

import { expect, test } from 'vitest';
import { register, type TestClient } from '../harness/client.ts';
import { join as joinRoom, roomPath } from '../harness/room-client.ts';
import { until } from '../harness/until.ts';
import type { Journeys } from './pairings.ts';
import { expectSameState, join, openRoom, tell } from './rooms.ts';
import type { Homeserver } from './servers/homeserver.ts';

const MEMBERS = 8;
let members = 0;

/** A user who looks at nothing. */
const newMember = async ({ baseUrl, kind }: Homeserver, roomId: string): Promise<TestClient> => {
  const member = await register(baseUrl, `member-${++members}`, undefined, kind === 'synapse');
  await joinRoom(member, roomId);
  return member;
};

/** The first such line of this room in the server's log. */
const logged = ({ output }: Homeserver, words: RegExp, roomId: string): Promise<RegExpExecArray> =>
  until(`${words} in the log`, () => {
    const lines = output().split('\n');
    return lines.map((line) => (line.includes(roomId) ? words.exec(line) : null)).find((match) => match !== null);
  });

export const partialJoins: Journeys = (meeting, version) => {
  test('a room is entered without its members, which come afterwards', async () => {
    await using stack = new AsyncDisposableStack();
    const { host, guest } = meeting;
    const [anna, bert] = await Promise.all([meeting.resident(stack), meeting.visitor(stack)]);
    const { roomId, alias } = await openRoom(anna, version);
    const crowd: TestClient[] = [];
    for (let count = 0; count < MEMBERS; count += 1) crowd.push(await newMember(host, roomId));
    await join(bert, alias);
    // At once, whatever is known of them.
    const said = [await bert.client.say(roomId, 'so many people'), await crowd[3]!.say(roomId, 'a new face')];
    for (const eventId of said) await Promise.all([anna, bert].map((each) => each.gets(roomId, eventId)));
    if (guest.kind === 'kintsugi') {
      const [, missing] = await logged(guest, /The state of a room is being fetched.* missingEvents=(\d+)/, roomId);
      expect(Number(missing)).toBeGreaterThan(0);
      await logged(guest, /The state of a room is whole/, roomId);
    }
    const { joined } = await bert.client.ok(bert.client.get(roomPath(roomId, 'joined_members')));
    const expected = [anna, bert, ...crowd].map(({ userId }) => userId);
    expect(Object.keys(joined).toSorted()).toEqual(expected.toSorted());
    await Promise.all(crowd.map(({ userId }) => bert.seesMember(roomId, userId, 'join')));
    await tell(bert, roomId, 'now I know all of you', anna);
    await expectSameState(anna, bert, roomId);
  });
};
