// GET /_matrix/federation/v1/hierarchy/{roomId}: a space and its children.

import { endpoint, jsonText } from '../../../http/inbound/endpoint.ts';
import { optionalBool, roomIdParam } from '../../../http/inbound/params.ts';
import type { RoomReads } from '../../../rooms/read/room-reads.ts';

export const getFederationHierarchy = endpoint({
  route: 'GET /_matrix/federation/v1/hierarchy/{roomId}',
  also: ['GET /_matrix/federation/unstable/org.matrix.msc2946/hierarchy/{roomId}'],
  spec: 'server-server-api/#get_matrixfederationv1hierarchyroomid',
  auth: 'server',
  limit: 'read',
  params: { roomId: roomIdParam },
  query: { suggested_only: optionalBool() },
  async handle({ caller, params, query }, { roomReads }: { roomReads: Pick<RoomReads, 'hierarchyForServer'> }) {
    const found = await roomReads.hierarchyForServer(params.roomId, query.suggested_only, caller.serverName);
    const inaccessible = JSON.stringify(found.inaccessible);
    return jsonText(
      `{"children":[${found.children.join(',')}],"inaccessible_children":${inaccessible},"room":${found.room}}`,
    );
  },
});
