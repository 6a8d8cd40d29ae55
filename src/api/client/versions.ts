// GET /_matrix/client/versions: which versions of the specification, and which proposals, clients can rely on.

import { Answer, endpoint } from '../../http/inbound/endpoint.ts';
import { unstableFeatures } from './unstable-features.ts';

/** A version stands here only when every part of it is there: clients change their behaviour by it. */
const versions = [
  'v1.1',
  'v1.2',
  'v1.3',
  'v1.4',
  'v1.5',
  'v1.6',
  'v1.7',
  'v1.8',
  'v1.9',
  'v1.10',
  'v1.11',
  'v1.12',
  'v1.13',
  'v1.14',
  'v1.15',
  'v1.16',
  'v1.17',
  'v1.18',
  'v1.19',
];

const text = JSON.stringify({ versions, unstable_features: unstableFeatures });

export const getVersions = endpoint({
  route: 'GET /_matrix/client/versions',
  spec: 'client-server-api/#get_matrixclientversions',
  // Optional authentication exists for features of single users; the answer here is the same for all.
  auth: 'none',
  limit: 'none',
  handle: () => Promise.resolve(new Answer(200, text, { 'Content-Type': 'application/json' })),
});
