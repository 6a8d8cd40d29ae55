// Which members a device was told of already. Client-Server API, "Lazy-loading room members".

import { LruCache } from '../../lib/lru-cache.ts';

/** Pairs of device and room remembered. */
const ROOMS_MAX = 50_000;
/** Members remembered in each: beyond, they are told again. */
const MEMBERS_MAX = 1000;

interface Told {
  /** nid of the m.room.member event. */
  readonly event: number;
  /** The answer with this position carried it. It counts only once the device has come back with that token: an answer may get lost. */
  readonly position: number;
}

/** State-key nid → what was told. */
type Members = Map<number, Told>;

export interface LazyMembers {
  /** Whether the device knows this member event for certain when it syncs from `since`. */
  knows(device: number, room: number, key: number, event: number, since: number): boolean;
  told(device: number, room: number, key: number, event: number, position: number): void;
  /** The device starts from nothing. */
  forget(device: number, room: number): void;
}

export const createLazyMembers = (): LazyMembers => {
  const rooms = new LruCache<string, Members>(ROOMS_MAX);
  const place = (device: number, room: number): string => `${device} ${room}`;
  return {
    knows(device, room, key, event, since) {
      const told = rooms.get(place(device, room))?.get(key);
      return told !== undefined && told.event === event && told.position <= since;
    },
    told(device, room, key, event, position) {
      const name = place(device, room);
      const members = rooms.get(name) ?? new Map<number, Told>();
      if (members.size === 0) rooms.set(name, members);
      const before = members.get(key);
      if (before?.event === event) return;
      if (!before && members.size >= MEMBERS_MAX) members.clear();
      members.set(key, { event, position });
    },
    forget(device, room) {
      rooms.delete(place(device, room));
    },
  };
};
