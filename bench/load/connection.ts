// One keep-alive connection on which one request at a time is asked. It connects by itself, again when it was closed.

import { connect, type Socket } from 'node:net';
import { AnswerReader, type RawAnswer } from './answer-reader.ts';

const REQUEST_TIMEOUT_MS = 120_000;

interface Asked {
  resolve(answer: RawAnswer): void;
  reject(error: Error): void;
}

export class Connection {
  readonly #port: number;
  readonly #headers: string;
  readonly #timeoutMs: number;
  #socket: Socket | undefined;
  #reader = new AnswerReader();
  #asked: Asked | undefined;

  constructor(port: number, accessToken?: string, timeoutMs: number = REQUEST_TIMEOUT_MS) {
    this.#port = port;
    this.#timeoutMs = timeoutMs;
    this.#headers = `Host: 127.0.0.1:${port}\r\n${accessToken ? `Authorization: Bearer ${accessToken}\r\n` : ''}`;
  }

  /** Any status resolves; a broken connection rejects. `body` is JSON text. */
  request(method: string, target: string, body?: string): Promise<RawAnswer> {
    if (this.#asked) return Promise.reject(new Error('one request at a time'));
    const { promise, resolve, reject } = Promise.withResolvers<RawAnswer>();
    this.#asked = { resolve, reject };
    const content =
      body === undefined
        ? '\r\n'
        : `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
    this.#socket ??= this.#open();
    this.#socket.write(`${method} ${target} HTTP/1.1\r\n${this.#headers}${content}`);
    return promise;
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  #open(): Socket {
    const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true });
    this.#reader = new AnswerReader();
    socket.setTimeout(this.#timeoutMs, () => socket.destroy(new Error('the server did not answer in time')));
    socket.on('data', (bytes: Buffer) => {
      const answer = this.#reader.push(bytes);
      if (!answer) return;
      const asked = this.#asked;
      this.#asked = undefined;
      asked?.resolve(answer);
    });
    let failure: Error | undefined;
    socket.on('error', (error) => {
      failure = error;
    });
    socket.on('close', () => {
      if (this.#socket === socket) this.#socket = undefined;
      const asked = this.#asked;
      this.#asked = undefined;
      asked?.reject(failure ?? new Error('the server closed the connection'));
    });
    return socket;
  }
}
