// State that is sent again as it stands changes nothing: the event that is there answers for it.

import { canonicalJson } from '../../protocol/canonical-json/canonical-json.ts';
import type { RoomRef } from '../room-ref.ts';
import type { Engine } from '../rooms.ts';
import { getEntry } from '../state-tree/read-entries.ts';
import type { RoomHead } from '../warm-rooms.ts';
import type { Draft } from './draft.ts';
import type { DraftNids } from './send-events.ts';

/** nid of the current state event with the same key, sender and content; undefined: the draft is news. */
export const sameInState = async (
  engine: Engine,
  room: RoomRef,
  head: RoomHead,
  draft: Draft,
  nids: DraftNids,
): Promise<number | undefined> => {
  if (nids.stateKey === null) return undefined;
  const nid = await getEntry(engine.state.source, head.stateRoot, nids.stateKey);
  if (nid === undefined) return undefined;
  const [current] = await engine.state.eventsOf(room, [nid]);
  if (current?.sender !== draft.sender) return undefined;
  if (canonicalJson(current.content, 'lossless') !== canonicalJson(draft.content, 'lossless')) return undefined;
  return draft.type === 'm.room.member' || (await isJoined(engine, room, head, draft.sender)) ? nid : undefined;
};

/** Who may not send any more is refused as with any other state. */
const isJoined = async (engine: Engine, room: RoomRef, head: RoomHead, sender: string): Promise<boolean> => {
  const [member] = await engine.state.pick(room, head.stateRoot, [['m.room.member', sender]]);
  return member?.content.membership === 'join';
};
