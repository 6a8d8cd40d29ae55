// Whether the authorisation rules allow an event whatever of several things stands in the state. Called where it is not known
// what a conflict comes to.

import type { RoomEvent } from '../events/room-event.ts';
import type { RoomVersion } from '../room-versions/room-version.ts';
import type { AuthFacts } from './auth-facts.ts';
import { authoriseEvent } from './authorise-event.ts';

/** What may stand under one key; undefined: nothing. */
export interface Choice {
  readonly type: string;
  readonly stateKey: string;
  readonly events: readonly (RoomEvent | undefined)[];
}

/** States by which one event is judged. */
const STATES_MAX = 2000;

/** What is left to be judged by where all that `before` led to was looked at, for the same keys; undefined: nothing. */
export const choicesSince = (choices: readonly Choice[], before: readonly Choice[]): readonly Choice[] | undefined => {
  const changed = choices.flatMap(({ events }, index) => (events === before[index]!.events ? [] : [index]));
  const [index] = changed;
  if (index === undefined) return undefined;
  const { events } = choices[index]!;
  const { events: earlier } = before[index]!;
  const isMore = earlier.length < events.length && earlier.every((event, at) => event === events[at]);
  if (changed.length > 1 || !isMore) return choices;
  return choices.with(index, { ...choices[index]!, events: events.slice(earlier.length) });
};

/** Keys that are not among the choices have nothing. False as well where there are too many states. */
export const allowedByAll = (event: RoomEvent, version: RoomVersion, choices: readonly Choice[]): boolean => {
  const chosen = choices.map(() => 0);
  const asked: number[] = [];
  const facts: AuthFacts = {
    state(type, stateKey) {
      const at = choices.findIndex((choice) => choice.type === type && choice.stateKey === stateKey);
      if (at !== -1 && !asked.includes(at)) asked.push(at);
      return choices[at]?.events[chosen[at]!];
    },
    signedBy: () => true,
  };
  for (let states = 0; states < STATES_MAX; states++) {
    asked.length = 0;
    if (!authoriseEvent(event, version, facts).ok) return false;
    // The next state differs in what was asked last: what was not asked for made no difference.
    let last = asked.pop();
    for (; last !== undefined && chosen[last] === choices[last]!.events.length - 1; last = asked.pop())
      chosen[last] = 0;
    if (last === undefined) return true;
    chosen[last]!++;
  }
  return false;
};
