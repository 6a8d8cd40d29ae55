// Requests of servers with damaged authorisations, paths and bodies, through the edge.

import { createPublicKey, verify } from 'node:crypto';
import type { JsonObject } from '../../../src/protocol/events/json.ts';
import type { ServerName } from '../../../src/protocol/ids/branded.ts';
import { xMatrixCredentials } from '../../../src/protocol/x-matrix/credentials.ts';
import { signRequest } from '../../../src/protocol/x-matrix/sign-request.ts';
import { testSigningKey } from '../../harness/foreign-events.ts';
import { ask } from './fuzzed-server.ts';
import { mutatedText } from './mutate.ts';
import { canonical } from './oracle.ts';
import { type Round, refusal, type Target } from './target.ts';

const READINGS = 40;
const REQUESTS = 10;
const origin = 'b.example:1' as ServerName;

const publicKey = createPublicKey({
  key: Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), Buffer.from(testSigningKey.publicKey, 'base64')]),
  format: 'der',
  type: 'spki',
});

/** Whether any text in the header is a signature of the request. */
const isSigned = (header: string, uri: string, destination: string, body: string): boolean => {
  const content = JSON.parse(body) as JsonObject;
  const text = Buffer.from(canonical({ method: 'PUT', uri, origin, destination, content }));
  const unescaped = header.replaceAll(/\\(.)/g, '$1');
  return [...unescaped.matchAll(/[\w+/-]{86}/g)].some(([piece]) =>
    verify(null, text, publicKey, Buffer.from(piece, 'base64')),
  );
};

const requestOnce = async ({ server, random, count, fail }: Round, at: number): Promise<void> => {
  const destination = server.name as ServerName;
  const txnId = `h${at}${random.below(2 ** 30)}`;
  const body = JSON.stringify({ origin, origin_server_ts: random.below(1000), pdus: [], edus: [] });
  const path = `/_matrix/federation/v1/send/${txnId}`;
  const header = signRequest(
    { method: 'PUT', uri: path, origin, destination, contentJson: canonical(JSON.parse(body)) },
    testSigningKey,
  );
  const lot = random.below(10);
  const sentBody = lot < 3 ? mutatedText(body, random) : body;
  // What no HTTP parser lets through is not tried.
  const sentHeader = lot < 2 || lot > 3 ? mutatedText(header, random).replaceAll(/[^\t -~]/g, '') : header;
  const sentPath = lot === 4 ? `${path}${random.pick(['?a=b', '/', '%00', '%', '//', '%2e%2e'])}` : path;
  const headers = { authorization: sentHeader, 'content-type': 'application/json' };
  const { status, text } = await ask(server.composed, 'PUT', sentPath, headers, sentBody);
  const given = `${sentPath}\n${sentHeader}\n${sentBody}`;
  if (status >= 500) fail(`it answered ${status}: ${text}`, given);
  else if (status !== 200) count('refused');
  else if (isSigned(sentHeader, sentPath, destination, sentBody)) count('let in');
  else fail('a request was let in that nobody signed', given);
};

const readOnce = (round: Round): void => {
  const { server, random, count, fail } = round;
  const good = `X-Matrix origin="${origin}",destination="${server.name}",key="ed25519:1",sig="${'A'.repeat(86)}"`;
  const list = Array.from({ length: random.between(1, 3) }, () => mutatedText(good, random));
  try {
    const read = xMatrixCredentials(list, server.name as ServerName);
    for (const { origin: named, keyId } of read) {
      const isReadable = /^[A-Za-z0-9.:[\]-]{1,255}$/.test(named) && keyId.startsWith('ed25519:');
      if (!isReadable) fail(`an origin ${named} with the key ${keyId}`, list.join('\n'));
    }
    count('read');
  } catch (error) {
    refusal(round, error, list.join('\n'));
  }
};

export const headers: Target = {
  name: 'headers',
  share: 10,
  async play(round) {
    for (let left = READINGS; left > 0; left--) readOnce(round);
    for (let at = 0; at < REQUESTS; at++) await requestOnce(round, at);
  },
};
