// Transactions of foreign servers: made and signed before anything is measured, then sent over TLS, of each server one at a
// time: "The sending server must wait and retry for a 200 OK response before sending a transaction with a different txnId".

import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { slicesOf } from '../../src/lib/slices-of.ts';
import type { ServerName } from '../../src/protocol/ids/branded.ts';
import { signRequest } from '../../src/protocol/x-matrix/sign-request.ts';
import type { RunningServer } from '../servers/running-server.ts';
import { benchKey } from './bench-key.ts';
import type { ForeignEvent } from './foreign-room.ts';
import { tls } from './tls.ts';

const PDUS_MAX = 50;
/** Of a server that says that it has too much to do. */
const RETRY_MS = 100;

export interface Delivery {
  readonly path: string;
  readonly authorization: string;
  readonly body: string;
}

const run = Date.now();
let count = 0;
const agent = new Agent({ keepAlive: true, ca: readFileSync(tls.authority), maxSockets: 100 });

/** In transactions of 50, in the order given. */
export const deliveriesOf = (to: RunningServer, origin: ServerName, events: readonly ForeignEvent[]): Delivery[] => {
  const deliveries: Delivery[] = [];
  for (const some of slicesOf(events, PDUS_MAX)) {
    const pdus = some.map(({ pduJson }) => pduJson);
    const path = `/_matrix/federation/v1/send/${run}-${++count}`;
    const body = `{"origin":"${origin}","origin_server_ts":${run},"pdus":[${pdus.join(',')}]}`;
    const signed = { method: 'PUT', uri: path, origin, destination: to.serverName, contentJson: body };
    deliveries.push({ path, body, authorization: signRequest(signed, benchKey) });
  }
  return deliveries;
};

const put = (to: RunningServer, { path, authorization, body }: Delivery): Promise<{ status: number; text: string }> =>
  new Promise((resolve, reject) => {
    const headers = {
      Authorization: authorization,
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(body),
    };
    const options = { agent, host: '127.0.0.1', port: to.federationPort, method: 'PUT', path, headers };
    const sent = request(options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.once('error', reject).once('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    sent.once('error', reject).end(body);
  });

/** One after the other; resolves when the last was answered. Throws when one is refused or an event of it is. */
export const deliver = async (to: RunningServer, deliveries: readonly Delivery[]): Promise<void> => {
  for (const delivery of deliveries) {
    let answer = await put(to, delivery);
    while (answer.status === 429) {
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      answer = await put(to, delivery);
    }
    if (answer.status !== 200 || answer.text.includes('"error"')) {
      throw new Error(`a transaction was answered ${answer.status}: ${answer.text.slice(0, 500)}`);
    }
  }
};
