// Whose directory is asked for: this server's, or that of another which is asked on the client's behalf.

import type { Config } from '../../../config/schema.ts';
import type { Federation } from '../../../federation/federation.ts';
import type { ServerName } from '../../../protocol/ids/branded.ts';
import type { PublicRoomsQuery } from '../../../rooms/directory/public-rooms.ts';
import type { RoomDirectory } from '../../../rooms/directory/room-directory.ts';

/** Rooms of one page, at most. */
export const PAGE_MAX = 500;
export const PAGE_DEFAULT = 100;

export interface DirectoryParts {
  readonly roomDirectory: Pick<RoomDirectory, 'publicRooms'>;
  readonly federation: { readonly remote: Pick<Federation['remote'], 'publicRooms'> };
  readonly config: Pick<Config, 'serverName'>;
}

/** Throws M_FORBIDDEN or 502 when the other server does not give its directory. */
export const publishedRooms = (
  server: ServerName | undefined,
  question: PublicRoomsQuery,
  { roomDirectory, federation, config }: DirectoryParts,
): Promise<object> =>
  server === undefined || server === config.serverName
    ? roomDirectory.publicRooms(question)
    : federation.remote.publicRooms(server, question);
