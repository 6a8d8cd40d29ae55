// The configuration keys of what a server may offer beside rooms: a TURN server for calls, notices from its operators.

import { Type } from '../lib/json-schema.ts';
import { boolKey, intKey, listKey, optionalTextKey, section, textKey } from './schema-text.ts';

export const turn = section(
  'A TURN server, through which calls go where no direct way is found. Give sharedSecret, or username and password.',
  {
    uris: listKey('E.g. turn:turn.example.org?transport=udp. Empty: none.', Type.String()),
    sharedSecret: optionalTextKey(
      "The TURN server's secret (static-auth-secret of coturn), from which each user gets credentials of their own.",
      { secret: true },
    ),
    lifetimeMs: intKey('For how long credentials hold.', 3_600_000, 60_000),
    username: optionalTextKey('A name that all users share.'),
    password: optionalTextKey('Its password.', { secret: true }),
    guests: boolKey('Guests may use it as well.', false),
  },
);

export const serverNotices = section(
  'Messages from the operators of the server, e.g. by `kintsugi user notice`: a room of its own for each user.',
  {
    localpart: optionalTextKey(
      'The account that they come from, made when it is not there, e.g. notices. Without it there are none.',
    ),
    displayName: textKey("The account's name.", 'Server notices'),
    avatarUrl: optionalTextKey("The account's and the rooms' picture: mxc://…"),
    roomName: textKey('The name of the rooms.', 'Server notices'),
    mayLeave: boolKey('Users who joined their room may leave it again.', true),
  },
);
