// Every store module, for the writer thread: it finds the writers by their names among the exports of these modules.

import * as aliases from './aliases.ts';
import * as memberships from './memberships.ts';
import * as names from './names.ts';
import * as persist from './persist.ts';
import * as rooms from './rooms.ts';

export const stores = [aliases, memberships, names, persist, rooms] as const;
