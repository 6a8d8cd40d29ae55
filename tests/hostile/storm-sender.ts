// A thread that sends signed requests one after another, over and over, until it is told to stop: so that what a storm costs its
// maker is not felt by those who are measured.

import { Agent, request } from 'node:https';
import { parentPort, workerData } from 'node:worker_threads';

export interface StormPlan {
  readonly hostname: string;
  readonly port: string;
  readonly ca: string;
  readonly senders: number;
  readonly requests: readonly { readonly path: string; readonly authorization: string; readonly body: string }[];
}

export interface StormReport {
  readonly sent: number;
  readonly statuses: readonly number[];
}

const PAUSE_MS = 20;
const { hostname, port, ca, senders, requests } = workerData as StormPlan;
const agent = new Agent({ keepAlive: true, ca, maxSockets: senders });
const statuses = new Set<number>();
let sent = 0;
let isOver = false;

const send = ({ path, authorization, body }: StormPlan['requests'][number]): Promise<number> =>
  new Promise((resolve, reject) => {
    const headers = {
      Authorization: authorization,
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(body),
    };
    const outgoing = request({ agent, hostname, port, method: 'PUT', path, headers }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode ?? 0));
    });
    outgoing.once('error', reject);
    outgoing.end(body);
  });

const sender = async (): Promise<void> => {
  for (let next = requests[sent++]; next && !isOver; next = requests[sent++]) {
    const status = await send(next);
    statuses.add(status);
    if (status === 429) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
};

parentPort?.once('message', () => {
  isOver = true;
});
await Promise.all(Array.from({ length: senders }, sender));
const report: StormReport = { sent: Math.min(sent, requests.length), statuses: [...statuses] };
parentPort?.postMessage(report);
