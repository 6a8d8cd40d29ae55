// For endpoints that other servers ask without a signature.

import type { Peers } from '../../../peers/peers.ts';
import { forbidden } from '../../../protocol/errors/matrix-error.ts';

/** Throws M_FORBIDDEN where federation is off. */
export const federationEnabled = ({ isEnabled }: Peers): void => {
  if (!isEnabled) throw forbidden('Federation is disabled on this server.');
};
