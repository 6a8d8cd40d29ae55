// The longer way of sending, for rooms with a policy server: what was drafted gets that server's signature while nobody waits
// for the room, and is then stored as drafted, or as other servers' events are if the room moved on meanwhile.
// Server-Server API, "Asking for a Policy Server signature on an event". Since v1.18.

import { forbidden, notFound } from '../../protocol/errors/matrix-error.ts';
import { type ParsedPdu, parsePdu } from '../../protocol/events/parse-pdu.ts';
import { isPolicyEvent, type PolicyServer } from '../../protocol/policy-servers/policy-server.ts';
import type { DirectoryChange } from '../../storage/stores/directory.ts';
import { type Persisted, SEQUENCE_MOVED } from '../../storage/stores/persist.ts';
import { enqueue } from '../persist/enqueue.ts';
import type { PolicyServerPort } from '../ports.ts';
import { discardBatch, startBatch } from '../receive/batch.ts';
import { judgeEvent } from '../receive/judge-event.ts';
import { placeEvent, type ReceivedNids } from '../receive/place-event.ts';
import { writeBatch } from '../receive/write-batch.ts';
import type { Engine } from '../rooms.ts';
import type { RoomHead, WarmRoom } from '../warm-rooms.ts';
import type { Prepared } from './prepare-event.ts';

/** An event to write, or the nid of a state event that says the same already. */
export type Outcome = Prepared | number;

export interface Drafted {
  /** In the order of the drafts. */
  readonly outcomes: readonly Outcome[];
  /** Settles once everything that the answer tells of is on disk; undefined: nothing was written for it. */
  readonly written: Promise<Persisted | undefined>;
}

/** What was drafted in a room with a policy server; its state nodes are not held. */
export interface Unsigned {
  readonly policyServers: PolicyServerPort;
  readonly server: PolicyServer;
  readonly room: WarmRoom;
  /** The room as it was drafted upon, and the write that makes it so. */
  readonly head: RoomHead;
  readonly upon: Promise<unknown>;
  readonly outcomes: readonly Outcome[];
  /** Of the outcomes that are events, in their order. */
  readonly nids: readonly ReceivedNids[];
  readonly directory: DirectoryChange | undefined;
}

interface Signed {
  readonly prepared: Prepared;
  readonly pdu: ParsedPdu;
}

/** Throws what PolicyServerPort throws, M_FORBIDDEN with the rule when the room changed meanwhile, SEQUENCE_MOVED: draft again. */
export const signAndEnqueue = async (engine: Engine, unsigned: Unsigned): Promise<Drafted> => {
  const { room, head, upon, outcomes } = unsigned;
  const events = outcomes.filter((outcome) => typeof outcome !== 'number');
  const signed = await Promise.all(events.map((prepared) => sign(unsigned, prepared)));
  // Judging reads on the disk what they were drafted upon.
  await upon.catch(() => {
    throw new Error(SEQUENCE_MOVED);
  });
  return engine.lock.run(room.roomId, async () => {
    const now = await engine.warm.get(room.roomId);
    if (!now) throw notFound(`This server does not know the room ${room.roomId} any more.`);
    if (now !== room || now.head !== head) return judgeAndEnqueue(engine, now, unsigned, signed);
    const held = signed.map(({ prepared, pdu }) => ({
      ...prepared,
      row: { ...prepared.row, rest: pdu.restJson },
      held: engine.state.nodes.hold(prepared.nodes),
    }));
    return { outcomes, written: enqueue(engine, room, held, unsigned.directory) };
  });
};

const sign = async ({ policyServers, server, room }: Unsigned, prepared: Prepared): Promise<Signed> => {
  const pdu = parsePdu(prepared.pduJson, room.version);
  if (isPolicyEvent(prepared.event)) return { prepared, pdu };
  return { prepared, pdu: await policyServers.sign(server, pdu, room.version) };
};

/** Beside what came meanwhile, as an event of another server would be. */
const judgeAndEnqueue = async (
  engine: Engine,
  room: WarmRoom,
  { outcomes, nids, directory }: Unsigned,
  signed: readonly Signed[],
): Promise<Drafted> => {
  const incoming = signed.map(({ pdu }) => ({ ...pdu, source: engine.serverName }));
  const batch = await startBatch(engine, room, incoming, { as: 'new', onMissing: 'judge' });
  const known = new Map<Outcome, number>();
  try {
    for (const [at, one] of incoming.entries()) {
      const own = nids[at]!;
      const { prepared } = signed[at]!;
      // Who was asked may have passed it on.
      const stored = batch.known.get(one.event.eventId);
      if (stored?.isPlaced) {
        known.set(prepared, stored.nid);
        continue;
      }
      if (stored)
        throw forbidden('The room changed while its policy server was asked, and does not allow this any more.');
      batch.users.set(one.event.sender, own.sender);
      if (own.target !== null) batch.users.set(one.event.stateKey!, own.target);
      const judgement = await judgeEvent(batch, one, { nid: own.event, stateKey: own.stateKey });
      const { failed } = judgement;
      // Another policy server, or another key, meanwhile.
      if (failed?.check === 'policy-server') throw new Error(SEQUENCE_MOVED);
      if (failed) throw forbidden(`The room does not allow this any more. Rule ${failed.rule}: ${failed.sentence}`);
      await placeEvent(batch, one, own, judgement, undefined);
      const { transaction } = prepared.row;
      if (transaction) batch.rows.push({ ...batch.rows.pop()!, transaction });
    }
    const write = await writeBatch(batch, { directory });
    const found = outcomes.map((outcome) => known.get(outcome) ?? outcome);
    return { outcomes: found, written: write?.written ?? Promise.resolve(undefined) };
  } catch (error) {
    discardBatch(batch);
    throw error;
  }
};
