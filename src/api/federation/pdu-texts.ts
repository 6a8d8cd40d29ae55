// Answers put together from PDUs that are JSON texts already.

import type { Config } from '../../config/schema.ts';
import { type Answer, jsonText } from '../../http/inbound/endpoint.ts';
import type { Clock } from '../../lib/clock.ts';

export interface TransactionParts {
  readonly config: Pick<Config, 'serverName'>;
  readonly clock: Clock;
}

/** "A transaction containing" the PDUs. */
export const transaction = (pdus: readonly string[], { config, clock }: TransactionParts): Answer => {
  const origin = JSON.stringify(config.serverName);
  return jsonText(`{"origin":${origin},"origin_server_ts":${clock.now()},"pdus":[${pdus.join(',')}]}`);
};

/** An object of arrays, whose items are JSON texts read while they are sent. */
export async function* objectOfArrays(
  members: Readonly<Record<string, AsyncIterable<readonly string[]>>>,
): AsyncGenerator<string> {
  let before = '{';
  for (const [name, parts] of Object.entries(members)) {
    yield `${before}${JSON.stringify(name)}:[`;
    let isFirst = true;
    for await (const texts of parts) {
      if (texts.length === 0) continue;
      yield isFirst ? texts.join(',') : `,${texts.join(',')}`;
      isFirst = false;
    }
    before = '],';
  }
  yield ']}';
}
