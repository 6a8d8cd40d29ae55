// A write that changes nothing: it succeeds when writes do.

import { writer } from '../database.ts';

export const probe = writer('probe', async (): Promise<void> => {});
