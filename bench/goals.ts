// What Kintsugi has to reach, by the name of the measure.

import { measureOf, medianOf, type Results, ratioOf } from './results.ts';

type Goal =
  | { readonly measure: string; readonly timesBetter: number }
  | { readonly measure: string; readonly below: number };

const goals: readonly Goal[] = [
  { measure: 'send, one room', timesBetter: 25 },
  { measure: 'send, 200 rooms', timesBetter: 25 },
  { measure: 'send, one room: CPU', timesBetter: 20 },
  { measure: 'send, 200 rooms: CPU', timesBetter: 20 },
  { measure: 'send: a further member', below: 3 },
  { measure: 'send, one room: p99 at half load', timesBetter: 2 },
  { measure: 'send, 200 rooms: p99 at half load', timesBetter: 2 },
  { measure: 'send → seen: p50', timesBetter: 12 },
  { measure: 'send → seen: p99', timesBetter: 8 },
  { measure: '/messages, pages @100', timesBetter: 20 },
  { measure: '/sync, initial @1000', timesBetter: 15 },
  { measure: '/sync, nothing new @1000', below: 1 },
  { measure: 'disk per message', timesBetter: 4 },
  { measure: 'start', timesBetter: 3 },
  { measure: 'memory after load', timesBetter: 1 },
  { measure: 'PDUs, one room', timesBetter: 25 },
  { measure: 'PDUs, one room: CPU', below: 1 },
  { measure: 'PDUs, one talk', timesBetter: 25 },
  { measure: 'PDUs, one talk: CPU', below: 1 },
  { measure: 'PDUs, 50 rooms', timesBetter: 25 },
  { measure: 'PDUs, 50 rooms: CPU', below: 1 },
  { measure: 'join: usable @30000', below: 500 },
  { measure: 'join: complete @30000', timesBetter: 6 },
  { measure: 'join: CPU @30000', timesBetter: 4 },
  { measure: 'join: peak memory @30000', timesBetter: 2 },
  { measure: 'forks: merged @100', timesBetter: 20 },
  { measure: 'forks: merged @500', timesBetter: 20 },
];

/** The ratio that a measure has to reach, where its goal is one. */
export const goalOf = (name: string): number | undefined => {
  const goal = goals.find(({ measure }) => measure === name);
  return goal && 'timesBetter' in goal ? goal.timesBetter : undefined;
};

export interface Judged {
  readonly goal: string;
  readonly isReached: boolean;
}

/** undefined: no goal, or not measured on both servers where the goal is a ratio. */
export const judge = (results: Results, name: string): Judged | undefined => {
  const goal = goals.find(({ measure }) => measure === name);
  const ours = medianOf(results, 'kintsugi', name);
  if (!goal || ours === undefined) return undefined;
  if ('below' in goal) return { goal: `< ${goal.below}`, isReached: ours < goal.below };
  const theirs = medianOf(results, 'synapse', name);
  if (theirs === undefined) return undefined;
  const { unit } = measureOf(results, 'kintsugi', name)!;
  return { goal: `≥ ${goal.timesBetter} ×`, isReached: ratioOf(unit, ours, theirs) >= goal.timesBetter };
};
