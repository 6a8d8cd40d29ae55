// Verdicts upon events and the condition of rooms in words, for the explain command.

import type { EventExplanation, NamedEvent, RoomExplanation } from '../operations/explain/explanations.ts';

const time = (ts: number): string => new Date(ts).toISOString();

const section = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : [`${title}:`, ...lines.map((line) => `  ${line}`)];

const nameOf = ({ event_id, type, verdict }: NamedEvent): string =>
  verdict === 'missing' ? `${event_id} (not here)` : `${event_id} ${type}, ${verdict}`;

const places = (position: number | null): string =>
  position === null ? 'Timeline: it has no place there' : `Timeline: position ${position}`;

const reason = (failed: { readonly check: string; readonly rule: string; readonly sentence: string }): string =>
  `${failed.check}${failed.rule === '' ? '' : `, rule ${failed.rule}`}: ${failed.sentence}`;

export const describeEvent = (event: EventExplanation): string[] => {
  const { failed } = event;
  return [
    `${event.event_id} is ${event.verdict}.`,
    ...(failed ? [`Failed: ${reason(failed)}`, `Judged: ${time(failed.judged_ts)}`] : []),
    `Room: ${event.room_id}`,
    `Type: ${event.type}${event.state_key === null ? '' : `, state key ${JSON.stringify(event.state_key)}`}`,
    `Sender: ${event.sender}`,
    `Sent: ${time(event.origin_server_ts)}, depth ${event.depth}`,
    places(event.position),
    `State after it: ${event.state_root ?? 'not known'}`,
    ...(event.redacted_by === null ? [] : [`Redacted by: ${event.redacted_by}`]),
    ...section('Judged by', failed?.inputs.map(nameOf) ?? []),
    ...section('Waits for', event.awaits),
    ...section('Prev events that are not here', event.missing_prev_events),
    ...section(
      'Asked for again',
      event.asked_again.map(
        ({ event_id: id, attempts, due_ts: ts }) => `${id} at ${time(ts)}; ${attempts} attempts were in vain`,
      ),
    ),
    ...section('Fell because of it', event.fell.map(nameOf)),
  ];
};

const residency = {
  yes: 'users of this server are in it',
  partly: 'users of this server are in it, its state is not whole yet',
  no: 'no user of this server is in it',
};

const progress = ({ via, started_ts: ts, attempts, ...join }: NonNullable<RoomExplanation['partial_join']>): string => {
  const { state_events: all, missing_events: missing } = join;
  const here = all === 0 ? 'it is not known how much is missing' : `${all - missing} of ${all} state events are here`;
  return `Joined through ${via} at ${time(ts)}: ${here}; ${attempts} attempts failed`;
};

export const describeRoom = (room: RoomExplanation): string[] => [
  `${room.room_id}, version ${room.version}: ${residency[room.resident]}.`,
  ...(room.partial_join ? [progress(room.partial_join)] : []),
  `State: ${room.state_root}, ${room.state_entries} entries`,
  `Events: ${room.events}, of them ${room.outliers} without a place in the graph`,
  `Waiting to be judged again: ${room.waiting}`,
  `Prev events that are not here: ${room.missing_prev_events}`,
  ...section(
    'Ends in',
    room.extremities.map(({ event_id, depth, origin_server_ts: ts }) => `${event_id}, depth ${depth}, ${time(ts)}`),
  ),
  ...section(
    'Not accepted',
    room.failures.map((failure) => `${failure.count} ${failure.verdict}: ${reason(failure)}`),
  ),
  ...section(
    'History missing below',
    room.holes.map(({ event_id, position }) => `${event_id}, position ${position}`),
  ),
];
