// The state before an event or now, from the states of several branches of a room's history: state resolution of every
// room version. Called by the room engine with loaded facts. Room versions 1, 2 and 12, "State resolution".

import type { Resolution, ResolutionInput } from './resolution.ts';
import { resolveV1 } from './resolve-v1.ts';
import { resolveV2 } from './resolve-v2.ts';

/** Pure; its cost grows with the conflict and its auth chains, not with the room, when `common` is given. */
export function resolveState(input: ResolutionInput): Resolution {
  return input.version.stateResolution === 'v1' ? resolveV1(input) : resolveV2(input);
}
