// What becomes of other servers' EDUs. Server-Server API, "EDUs".

import type { JsonObject } from '../../protocol/events/json.ts';
import type { ServerName } from '../../protocol/ids/branded.ts';

export interface IncomingEdus {
  /**
   * Takes the EDUs of a transaction, in their order. What is malformed, not the origin's to say, or of an unknown type is passed
   * over. Resolves once all is on disk that has to be (messages to devices, device lists); it does not wait for other servers.
   * Taking the same EDUs again does no harm. Rejects only when the database fails.
   */
  receive(origin: ServerName, edus: readonly JsonObject[]): Promise<void>;
}
