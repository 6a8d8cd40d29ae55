// The caller of an endpoint as rooms see them.

import type { Caller } from '../../../http/inbound/endpoint.ts';
import type { Viewer } from '../../../rooms/read/room-reader.ts';

export const viewerOf = ({ user, userId, device }: Caller): Viewer => ({ user, userId, device });
