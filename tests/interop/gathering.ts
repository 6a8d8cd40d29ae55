// People of all four servers in one room.

import { test } from 'vitest';
import { stateOf } from '../harness/room-client.ts';
import { JOURNEY_TIMEOUT_MS } from './pairings.ts';
import { newPerson, type Person } from './person.ts';
import { act, expectSameState, invite, join, openRoom, setState, tell } from './rooms.ts';
import type { ServerKey, Servers } from './servers/all.ts';

/** The first of `keys` hosts. */
export const gathering = (servers: () => Servers, keys: readonly ServerKey[], version: string): void => {
  test(`all servers in one room of version ${version} that ${keys[0]} hosts`, {
    timeout: JOURNEY_TIMEOUT_MS,
  }, async () => {
    await using stack = new AsyncDisposableStack();
    const people: Person[] = [];
    for (const key of keys) people.push(stack.use(await newPerson(servers().get(key), 'guest')));
    const [anna, ...guests] = people as [Person, ...Person[]];
    const [bert, cleo, dora] = guests as [Person, Person, Person];
    const { roomId, alias } = await openRoom(anna, version);
    await join(bert, alias);
    await join(cleo, alias);
    // One comes in through another than the host.
    await anna.seesMember(roomId, bert.userId, 'join');
    await join(dora, roomId, bert);
    for (const one of people) await Promise.all(people.map((other) => one.seesMember(roomId, other.userId, 'join')));
    for (const speaker of people) await tell(speaker, roomId, `from ${speaker.userId}`, ...people);

    const powers = await stateOf(anna.client, roomId, 'm.room.power_levels');
    const users = { ...powers.users, ...Object.fromEntries(guests.map(({ userId }) => [userId, 60])) };
    const raised = await setState(anna, roomId, 'm.room.power_levels', { ...powers, users });
    await Promise.all(people.map((each) => each.gets(roomId, raised)));
    // All at once: the same key by everybody, a key for each, and words in between.
    const at = people.map(async (each, index) => {
      const topic = await setState(each, roomId, 'm.room.topic', { topic: `${index}` });
      const own = await setState(each, roomId, 'x.test', { index }, `${index}`);
      return [topic, own, await each.client.say(roomId, `${index}`)];
    });
    const events = (await Promise.all(at)).flat();
    for (const each of people) for (const eventId of events) await each.gets(roomId, eventId);
    await tell(bert, roomId, 'agreed?', ...people);
    for (const guest of guests) await expectSameState(anna, guest, roomId);

    // What the host does not take part in works without it.
    await act(anna, roomId, 'leave');
    await Promise.all(guests.map((guest) => guest.seesMember(roomId, anna.userId, 'leave')));
    const late = stack.use(await newPerson(dora.server, 'late'));
    await invite(bert, roomId, late);
    await late.is(roomId, 'invite');
    await join(late, roomId, bert);
    await Promise.all(guests.map((guest) => guest.seesMember(roomId, late.userId, 'join')));
    for (const speaker of [late, ...guests]) await tell(speaker, roomId, 'without the host', late, ...guests);
    for (const guest of [cleo, dora]) await expectSameState(bert, guest, roomId);
  });
};
