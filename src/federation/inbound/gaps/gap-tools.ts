// What everybody needs who asks other servers for what is missing in a room.

import type { Log } from '../../../lib/log.ts';
import type { Receive } from '../../../rooms/receive/incoming.ts';
import type { Fetch } from '../../fetch/fetch.ts';
import type { Verify } from '../../verify/verify-pdus.ts';
import { createAsk } from './ask.ts';
import { createReadEvents } from './read-events.ts';
import { createStoreOutliers } from './store-outliers.ts';
import { createToldState } from './told-state.ts';

export interface GapToolsDeps {
  readonly receive: Receive;
  readonly verify: Pick<Verify, 'verifyParsed'>;
  readonly fetch: Fetch;
  readonly log: Log;
}

export const createGapTools = ({ receive, verify, fetch, log }: GapToolsDeps) => {
  const ask = createAsk({ log });
  const readEvents = createReadEvents({ verify, receive });
  const storeOutliers = createStoreOutliers({ receive });
  const toldState = createToldState({ fetch, receive, readEvents, storeOutliers, ask });
  return { fetch, receive, ask, readEvents, storeOutliers, toldState };
};
