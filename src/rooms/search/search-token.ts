// Where the next page of a search begins: a position, or how many results came before; in all or in one group.

import { invalidParam } from '../../protocol/errors/matrix-error.ts';

export interface SearchToken {
  readonly order: 'recent' | 'rank';
  /** recent: the highest position of the page. rank: the results before it. */
  readonly at: number;
  readonly group: { readonly key: 'room_id' | 'sender'; readonly nid: number } | undefined;
}

export const searchToken = ({ order, at, group }: SearchToken): string =>
  `${order}_${at}${group ? `_${group.key === 'sender' ? 'sender' : 'room'}_${group.nid}` : ''}`;

/** Throws M_INVALID_PARAM. */
export const parseSearchToken = (token: string): SearchToken => {
  const match = /^(recent|rank)_(-?\d{1,15})(?:_(room|sender)_(\d{1,15}))?$/.exec(token);
  if (!match) throw invalidParam('next_batch is no token of this server.');
  const [, order, at, group, nid] = match;
  return {
    order: order === 'rank' ? 'rank' : 'recent',
    at: Number(at),
    group: group === undefined ? undefined : { key: group === 'room' ? 'room_id' : 'sender', nid: Number(nid) },
  };
};
