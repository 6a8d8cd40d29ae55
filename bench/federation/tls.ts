// The certificate of every server in the federation rows, good for 127.0.0.1, and the authority that all of them trust.

import { join } from 'node:path';
import { projectRoot } from '../../scripts/run-command.ts';

const file = (name: string): string => join(projectRoot, 'tests/fixtures/tls', name);

export const tls = { authority: file('ca.pem'), certificate: file('first.pem'), key: file('first.key') };
