// Walks over auth_events links: auth chains, the auth difference of states, and the conflicted state subgraph.

import type { EventId } from '../ids/branded.ts';

type AuthEventsOf = (id: EventId) => readonly EventId[];

/** "The events reachable by walking the graph induced by auth_events links" from `starts`, which are included. */
export function authChain(
  starts: Iterable<EventId>,
  authEventsOf: AuthEventsOf,
  isLeftOut: (id: EventId) => boolean = () => false,
): Set<EventId> {
  const chain = new Set<EventId>();
  const pending: EventId[] = [...starts];
  for (let id = pending.pop(); id !== undefined; id = pending.pop()) {
    if (chain.has(id) || isLeftOut(id)) continue;
    chain.add(id);
    for (const next of authEventsOf(id)) pending.push(next);
  }
  return chain;
}

/**
 * "∪ Cᵢ − ∩ Cᵢ", where Cᵢ is the full auth chain of state i. `stateSets` are the conflicted events of each state;
 * `isCommon`: in the auth chain of the unconflicted state and so in all. As servers do it, an event of a state counts
 * as part of that state's chain: a conflicted event is in the full conflicted set anyway, and an unconflicted one that
 * nothing refers to yet must not be resolved anew.
 */
export function authDifference(
  stateSets: readonly Iterable<EventId>[],
  authEventsOf: AuthEventsOf,
  isCommon: (id: EventId) => boolean,
): Set<EventId> {
  const counts = new Map<EventId, number>();
  for (const starts of stateSets) {
    for (const id of authChain(starts, authEventsOf, isCommon)) counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  const difference = new Set<EventId>();
  for (const [id, count] of counts) if (count < stateSets.length) difference.add(id);
  return difference;
}

/**
 * Since v12: "Starting from an event in the conflicted state set and following auth_events edges may lead to another event
 * in the conflicted state set. The union of all such paths between any pair of events in the conflicted state set
 * (including endpoints) forms a subgraph of the original auth_event graph."
 */
export function conflictedStateSubgraph(conflicted: ReadonlySet<EventId>, authEventsOf: AuthEventsOf): Set<EventId> {
  const citedBy = new Map<EventId, EventId[]>();
  for (const id of authChain(conflicted, authEventsOf)) {
    for (const cited of authEventsOf(id)) {
      const citers = citedBy.get(cited);
      if (citers === undefined) citedBy.set(cited, [id]);
      else citers.push(id);
    }
  }
  // Everything walked is below a conflicted event; on a path between two is what is above one as well.
  return authChain(conflicted, (id) => citedBy.get(id) ?? []);
}
