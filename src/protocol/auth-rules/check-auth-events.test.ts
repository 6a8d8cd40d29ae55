import { describe, expect, it } from 'vitest';
import type { RoomEvent } from '../events/room-event.ts';
import type { RoomVersion } from '../room-versions/room-version.ts';
import { roomVersions } from '../room-versions/room-versions.ts';
import { authEventKeys } from './auth-event-keys.ts';
import { factsOfAuthEvents } from './auth-facts.ts';
import { authoriseEvent } from './authorise-event.ts';
import { checkAuthEvents } from './check-auth-events.ts';
import { member, roomState, sketched, user } from './test-room.ts';

const versions = Object.values(roomVersions).sort((one, other) => Number(one.id) - Number(other.id));

describe.each(versions)('auth_events in room version $id', (version: RoomVersion) => {
  const state = roomState(version, { joinRule: 'public' });
  const create = { event: state[0]!, rejected: false };
  const section = version.roomIdIsCreateHash ? '3' : '2';
  const join = sketched(version, member('dave', 'join'));
  const selected = authEventKeys(join, version).flatMap(
    ([type, stateKey]) => state.find((event) => event.type === type && event.stateKey === stateKey) ?? [],
  );
  const entries = (events: readonly RoomEvent[], rejected: readonly RoomEvent[] = []) =>
    events.map((event) => ({ event, rejected: rejected.includes(event) }));
  const check = (events: readonly RoomEvent[], rejected: readonly RoomEvent[] = []) =>
    checkAuthEvents(join, entries(events, rejected), version, create);

  it('may be the selected ones, which then authorise the event', () => {
    expect(check(selected)).toEqual({ ok: true });
    const facts = factsOfAuthEvents(entries(selected), create.event, () => true);
    expect(authoriseEvent(join, version, facts)).toEqual({ ok: true });
  });
  it('may not be doubled', () => {
    const again = { ...selected.at(-1)!, eventId: '$again' as RoomEvent['eventId'] };
    expect(check([...selected, again])).toMatchObject({ ok: false, rule: `${section}.1` });
  });
  it('may not be others', () => {
    const bob = state.find((event) => event.stateKey === user('bob'))!;
    expect(check([...selected, bob])).toMatchObject({ rule: `${section}.2`, inputs: ['$bob-join'] });
  });
  it('may not be rejected', () => {
    expect(check(selected, [selected.at(-1)!])).toMatchObject({ rule: `${section}.3`, inputs: ['$jr'] });
  });
  it('name the room by its create event', () => {
    if (version.roomIdIsCreateHash) {
      expect(check([create.event, ...selected])).toMatchObject({ rule: '3.2', inputs: ['$create'] });
      expect(checkAuthEvents(join, entries(selected), version, undefined)).toMatchObject({ rule: '2' });
      const refused = { ...create, rejected: true };
      expect(checkAuthEvents(join, entries(selected), version, refused)).toMatchObject({ rule: '2' });
    } else {
      expect(check(selected.slice(1))).toMatchObject({ rule: '2.4' });
    }
  });
  it('may not be of another room', () => {
    const elsewhere = selected.map((event) =>
      event.type === 'm.room.join_rules' ? { ...event, roomId: '!other:a.test' as RoomEvent['roomId'] } : event,
    );
    expect(check(elsewhere)).toMatchObject({ rule: `${section}.5`, inputs: ['$jr'] });
  });
});

describe('authEventKeys', () => {
  const keys = (version: RoomVersion, sketch: Parameters<typeof sketched>[1]) =>
    authEventKeys(sketched(version, sketch), version).map(([type, stateKey]) => `${type.slice(7)}|${stateKey}`);
  const basic = ['create|', 'power_levels|', 'member|@bob:a.test'];

  it('selects nothing for the create event', () => {
    expect(keys(roomVersions[11], { type: 'm.room.create', sender: 'bob' })).toEqual([]);
  });
  it('selects create, power levels and sender, since version 12 without create', () => {
    expect(keys(roomVersions[11], { type: 'm.room.message', sender: 'bob' })).toEqual(basic);
    expect(keys(roomVersions[12], { type: 'm.room.message', sender: 'bob' })).toEqual(basic.slice(1));
  });
  it('selects target and join rules for memberships', () => {
    const kick = member('carol', 'leave', { sender: 'bob' });
    expect(keys(roomVersions[9], kick)).toEqual([...basic, 'member|@carol:a.test']);
    expect(keys(roomVersions[9], member('bob', 'knock'))).toEqual([...basic, 'join_rules|']);
  });
  it('selects the third-party invite of the token', () => {
    const content = { membership: 'invite', third_party_invite: { signed: { token: 'abc' } } };
    expect(keys(roomVersions[1], member('carol', 'invite', { sender: 'bob', content }))).toEqual([
      ...basic,
      'member|@carol:a.test',
      'join_rules|',
      'third_party_invite|abc',
    ]);
  });
  it('selects who authorised a restricted join, since version 8', () => {
    const content = { membership: 'join', join_authorised_via_users_server: user('carol') };
    const join = member('bob', 'join', { content });
    expect(keys(roomVersions[7], join)).toEqual([...basic, 'join_rules|']);
    expect(keys(roomVersions[8], join)).toEqual([...basic, 'join_rules|', 'member|@carol:a.test']);
  });
});
