import { expect, test } from 'vitest';
import { parseJsonLossless } from '../../src/protocol/canonical-json/parse-json.ts';
import type { JsonObject } from '../../src/protocol/events/json.ts';
import { parsePdu } from '../../src/protocol/events/parse-pdu.ts';
import type { EventId, UserId } from '../../src/protocol/ids/branded.ts';
import { verifyText } from '../../src/protocol/signing/verify-text.ts';
import { benchKey } from './bench-key.ts';
import { ForeignRoom, version } from './foreign-room.ts';
import { answerAbout, sendJoin } from './room-answers.ts';

const host = '@host:there.test' as UserId;
const guest = '@guest:here.test' as UserId;

const idsIn = (text: string, key: string): EventId[] => {
  const lists = parseJsonLossless(text) as Record<string, JsonObject[]>;
  return lists[key]!.map((pdu) => parsePdu(pdu, version).event.eventId);
};

const ask = (room: ForeignRoom, what: string, query: Record<string, string>, body = ''): string =>
  answerAbout(room, what, new URLSearchParams(query), body)!;

/** Its state has five events. */
const roomWith = (messages: number): { room: ForeignRoom; said: EventId[] } => {
  const room = new ForeignRoom(host);
  const said = Array.from({ length: messages }, (_, index) => room.main.say(host, String(index)).event.eventId);
  return { room, said };
};

test('events are signed by the server of their sender', () => {
  const { room } = roomWith(1);
  for (const { pduJson } of room.events.values()) {
    const { pdu, signedText } = parsePdu(pduJson, version);
    const signatures = pdu.signatures as Record<string, Record<string, string>>;
    expect(verifyText(signedText, signatures['there.test']![benchKey.keyId]!, benchKey.publicKey)).toBe(true);
  }
});

test('history is told backwards from an event, and what lies between two', () => {
  const { room, said } = roomWith(30);
  expect(idsIn(ask(room, 'backfill', { v: said[29]!, limit: '3' }), 'pdus')).toEqual([said[29], said[28], said[27]]);
  const between = JSON.stringify({ latest_events: [said[9]], earliest_events: [said[5]], limit: 10 });
  expect(idsIn(ask(room, 'get_missing_events', {}, between), 'events')).toEqual(said.slice(6, 9));
});

test('the state before an event has the latest of each key', () => {
  const { room } = roomWith(1);
  const topic = (text: string): EventId =>
    room.main.make({ type: 'm.room.topic', stateKey: '', sender: host, content: { topic: text } }).event.eventId;
  const [first, second] = [topic('one'), topic('two')];
  const last = room.main.say(host, 'Hello').event.eventId;
  const state = JSON.parse(ask(room, 'state_ids', { event_id: last })) as { pdu_ids: EventId[] };
  expect(state.pdu_ids).toContain(second);
  expect(state.pdu_ids).not.toContain(first);
  expect(state.pdu_ids).toHaveLength(6);
});

test('a join is answered with the state before it, with or without the members', () => {
  const { room } = roomWith(1);
  for (let index = 0; index < 10; index++) room.main.member(`@m${index}:there.test` as UserId, 'join');
  const join = room.main.fork().member(guest, 'join');
  const pdu = parseJsonLossless(join.pduJson) as JsonObject;
  const whole = JSON.parse(sendJoin(room, pdu, false)) as { state: unknown[] };
  expect(whole.state).toHaveLength(15);
  const partial = JSON.parse(sendJoin(room, pdu, true)) as { state: unknown[]; servers_in_room: string[] };
  expect(partial.state).toHaveLength(4);
  expect(partial.servers_in_room).toContain('there.test');
  expect(room.main.tips).toEqual([join.event.eventId]);
});
