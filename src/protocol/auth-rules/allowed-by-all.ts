// Whether the authorisation rules allow an event whatever of several things stands in the state. Called where it is not known
// what a conflict comes to.

import type { RoomEvent } from '../events/room-event.ts';
import type { RoomVersion } from '../room-versions/room-version.ts';
import { authoriseEvent } from './authorise-event.ts';

/** What may stand under one key; undefined: nothing. */
export interface Choice {
  readonly type: string;
  readonly stateKey: string;
  readonly events: readonly (RoomEvent | undefined)[];
}

/** States by which one event is judged. */
const STATES_MAX = 2000;

/** Keys that are not among the choices have nothing. False as well where there are too many states. */
export const allowedByAll = (event: RoomEvent, version: RoomVersion, choices: readonly Choice[]): boolean => {
  const chosen = choices.map(() => 0);
  for (let states = 0; states < STATES_MAX; states++) {
    const asked: number[] = [];
    const state = (type: string, stateKey: string): RoomEvent | undefined => {
      const at = choices.findIndex((choice) => choice.type === type && choice.stateKey === stateKey);
      if (at !== -1 && !asked.includes(at)) asked.push(at);
      return choices[at]?.events[chosen[at]!];
    };
    if (!authoriseEvent(event, version, { state, signedBy: () => true }).ok) return false;
    // The next state differs in what was asked last: what was not asked for made no difference.
    let last = asked.pop();
    for (; last !== undefined && chosen[last] === choices[last]!.events.length - 1; last = asked.pop())
      chosen[last] = 0;
    if (last === undefined) return true;
    chosen[last]!++;
  }
  return false;
};
