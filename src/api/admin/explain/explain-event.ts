// GET /_kintsugi/admin/v1/explain/events/{eventId}: the verdict upon an event, by which rule, and upon what it stands.

import { endpoint } from '../../../http/inbound/endpoint.ts';
import { eventIdParam } from '../../../http/inbound/params.ts';
import type { Explain } from '../../../operations/explain/explain.ts';
import { notFound } from '../../../protocol/errors/matrix-error.ts';

export const explainEvent = endpoint({
  route: 'GET /_kintsugi/admin/v1/explain/events/{eventId}',
  spec: 'kintsugi/operators/#explain',
  auth: 'admin',
  limit: 'none',
  params: { eventId: eventIdParam },
  async handle({ params: { eventId } }, { explain }: { explain: Explain }) {
    const found = await explain.event(eventId);
    if (!found) throw notFound('No such event is stored here.');
    return found;
  },
});
