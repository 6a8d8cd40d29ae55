// One request and its answer on the wire, and the Request that handlers see.

import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Answer, Auth, CallerOf } from './endpoint.ts';

/** Signals that are watched by somebody, so that a shutdown can end long polls. */
export type LiveSignals = Set<AbortController>;

const clientGone = (): DOMException => new DOMException('the client went away', 'AbortError');

/** The handler's view. One object with plain fields; the abort signal is made only for those who look at it. */
export class Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
  readonly target: string;
  readonly startedAt: number;
  address = '';
  caller: CallerOf[Auth];
  params: Record<string, unknown> = {};
  query: Record<string, unknown> = {};
  body: unknown;
  bodyText = '';
  /** The route's template, for logs and metrics. */
  route = '';
  readonly #live: LiveSignals;
  #controller: AbortController | undefined;

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    requestId: string,
    startedAt: number,
    live: LiveSignals,
  ) {
    this.request = request;
    this.response = response;
    this.requestId = requestId;
    this.target = request.url ?? '/';
    this.startedAt = startedAt;
    this.#live = live;
  }

  get headers(): IncomingHttpHeaders {
    return this.request.headers;
  }

  get signal(): AbortSignal {
    if (this.#controller) return this.#controller.signal;
    const controller = new AbortController();
    this.#controller = controller;
    if (this.response.destroyed) controller.abort(clientGone());
    else {
      this.#live.add(controller);
      this.response.once('close', () => {
        this.#live.delete(controller);
        if (!this.response.writableFinished) controller.abort(clientGone());
      });
    }
    return controller.signal;
  }

  /** Method and path without the query, which may hold an access token. */
  get logPath(): string {
    const mark = this.target.indexOf('?');
    return mark < 0 ? this.target : this.target.slice(0, mark);
  }
}

export type Result = object | Answer;
