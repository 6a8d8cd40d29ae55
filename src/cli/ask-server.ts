// Asks the running server through its control socket.

import { askOnPath } from '../http/outbound/ask-on-path.ts';
import { isJsonObject, type Json, type JsonObject } from '../protocol/events/json.ts';
import { CommandRefused } from './command-refused.ts';

/** undefined: a refusal that says that there is no such thing. */
export type Ask = (method: string, path: string, body?: Json) => Promise<JsonObject | undefined>;

export const askThrough =
  (path: string): Ask =>
  async (method, target, body) => {
    const answer = await askOnPath(path, { method, target, ...(body === undefined ? {} : { body }) });
    if (!answer || !isJsonObject(answer.body)) {
      throw new CommandRefused('The server ended while it was asked.', 'Try again.');
    }
    const { errcode, error } = answer.body;
    if (answer.status === 200) return answer.body;
    if (errcode === 'M_NOT_FOUND' || errcode === 'M_BAD_STATE') return undefined;
    throw new CommandRefused(`The server refused: ${JSON.stringify(error)}`, 'Its log says more.');
  };

/** Whether a server answers there. */
export const isRunning = async (path: string): Promise<boolean> =>
  (await askOnPath(path, { method: 'GET', target: '/_kintsugi/admin/v1/federation/key-conflicts' })) !== undefined;
