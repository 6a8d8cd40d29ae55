// GET /_kintsugi/admin/v1/federation/key-conflicts, and the word of an administrator that a refused key is right.

import { endpoint } from '../../../http/inbound/endpoint.ts';
import { serverNameParam, text } from '../../../http/inbound/params.ts';
import { Type } from '../../../lib/json-schema.ts';
import type { Peers } from '../../../peers/peers.ts';
import { notFound } from '../../../protocol/errors/matrix-error.ts';

export const listKeyConflicts = endpoint({
  route: 'GET /_kintsugi/admin/v1/federation/key-conflicts',
  spec: 'kintsugi/operators/#federation',
  auth: 'admin',
  limit: 'none',
  handle: (_request, { peers }: { peers: Peers }) => peers.administration.keyConflicts(),
});

export const acceptKey = endpoint({
  route: 'POST /_kintsugi/admin/v1/federation/destinations/{serverName}/keys/{keyId}/accept',
  spec: 'kintsugi/operators/#federation',
  auth: 'admin',
  limit: 'none',
  params: { serverName: serverNameParam, keyId: text },
  body: Type.Object({ key: Type.String() }),
  async handle({ params: { serverName, keyId }, body: { key } }, { peers }: { peers: Peers }) {
    if (await peers.administration.acceptKey(serverName, keyId, key)) return {};
    throw notFound('No such key was refused.');
  },
});
