// A push gateway that keeps what it is told. Push Gateway API, POST /_matrix/push/v1/notify.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AnyJson } from './client.ts';

export interface PushGateway {
  readonly url: string;
  /** The next notification that was not taken yet. */
  next(): Promise<AnyJson>;
  /** What the gateway answers from now on. */
  answer: { status: number; body: object };
  close(): void;
}

export const startPushGateway = async (): Promise<PushGateway> => {
  const received: AnyJson[] = [];
  const waiting: ((notification: AnyJson) => void)[] = [];
  const gateway = { answer: { status: 200, body: { rejected: [] } } };
  const server: Server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    request.on('end', () => {
      const { notification } = JSON.parse(text) as AnyJson;
      const taker = waiting.shift();
      if (taker) taker(notification);
      else received.push(notification);
      response.writeHead(gateway.answer.status, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify(gateway.answer.body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(gateway, {
    url: `http://127.0.0.1:${port}/_matrix/push/v1/notify`,
    next: (): Promise<AnyJson> => {
      const first = received.shift();
      return first === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(first);
    },
    close: () => server.close(),
  });
};

/** The body of POST /pushers/set. */
export const pusher = (url: string, more: object = {}): object => ({
  kind: 'http',
  app_id: 'org.example.app',
  pushkey: 'key',
  app_display_name: 'App',
  device_display_name: 'Phone',
  lang: 'en',
  data: { url, brand: 'x' },
  ...more,
});
