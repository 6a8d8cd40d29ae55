// GET /_kintsugi/admin/v1/explain/rooms/{roomId}: where a room ends, and what of it failed or is missing.

import { endpoint } from '../../../http/inbound/endpoint.ts';
import { roomIdParam } from '../../../http/inbound/params.ts';
import type { Explain } from '../../../operations/explain/explain.ts';
import { notFound } from '../../../protocol/errors/matrix-error.ts';

export const explainRoom = endpoint({
  route: 'GET /_kintsugi/admin/v1/explain/rooms/{roomId}',
  spec: 'kintsugi/operators/#explain',
  auth: 'admin',
  limit: 'none',
  params: { roomId: roomIdParam },
  async handle({ params: { roomId } }, { explain }: { explain: Explain }) {
    const found = await explain.room(roomId);
    if (!found) throw notFound('No such room is here.');
    return found;
  },
});
