// Every store module, for the writer thread: it finds the writers by their names among the exports of these modules.

import * as accountData from './account-data.ts';
import * as accounts from './accounts.ts';
import * as aliases from './aliases.ts';
import * as clientTransactions from './client-transactions.ts';
import * as crossSigning from './cross-signing.ts';
import * as destinations from './destinations.ts';
import * as deviceKeys from './device-keys.ts';
import * as deviceRemoval from './device-removal.ts';
import * as devices from './devices.ts';
import * as directoryWords from './directory-words.ts';
import * as enteredRooms from './entered-rooms.ts';
import * as filters from './filters.ts';
import * as inboundTransactions from './inbound-transactions.ts';
import * as keyBackups from './key-backups.ts';
import * as media from './media.ts';
import * as mediaFiles from './media-files.ts';
import * as memberships from './memberships.ts';
import * as names from './names.ts';
import * as oneTimeKeys from './one-time-keys.ts';
import * as outOfBand from './out-of-band.ts';
import * as outgoingEdus from './outgoing-edus.ts';
import * as outgoingEvents from './outgoing-events.ts';
import * as partialJoins from './partial-joins.ts';
import * as persist from './persist.ts';
import * as presence from './presence.ts';
import * as probe from './probe.ts';
import * as profilePropagations from './profile-propagations.ts';
import * as profiles from './profiles.ts';
import * as pruneNotifications from './prune-notifications.ts';
import * as pushQueue from './push-queue.ts';
import * as pushRules from './push-rules.ts';
import * as pushers from './pushers.ts';
import * as receipts from './receipts.ts';
import * as receivedMessages from './received-messages.ts';
import * as registrationTokens from './registration-tokens.ts';
import * as remoteDeviceLists from './remote-device-lists.ts';
import * as remoteDevices from './remote-devices.ts';
import * as remoteMedia from './remote-media.ts';
import * as reports from './reports.ts';
import * as rooms from './rooms.ts';
import * as searchWords from './search-words.ts';
import * as serverIdentity from './server-identity.ts';
import * as serverKeyConflicts from './server-key-conflicts.ts';
import * as serverKeys from './server-keys.ts';
import * as serverNotices from './server-notices.ts';
import * as sessionTokens from './session-tokens.ts';
import * as shortTokens from './short-tokens.ts';
import * as soughtEvents from './sought-events.ts';
import * as stateNodes from './state-nodes.ts';
import * as streamCursors from './stream-cursors.ts';
import * as toDevice from './to-device.ts';
import * as uiaSessions from './uia-sessions.ts';
import * as urlPreviews from './url-previews.ts';
import * as wholeRooms from './whole-rooms.ts';

export const stores = [
  accountData,
  accounts,
  aliases,
  clientTransactions,
  crossSigning,
  deviceKeys,
  deviceRemoval,
  destinations,
  devices,
  directoryWords,
  enteredRooms,
  filters,
  inboundTransactions,
  keyBackups,
  media,
  mediaFiles,
  memberships,
  names,
  oneTimeKeys,
  outgoingEvents,
  outgoingEdus,
  outOfBand,
  partialJoins,
  persist,
  profilePropagations,
  presence,
  profiles,
  pruneNotifications,
  probe,
  pushQueue,
  pushRules,
  pushers,
  receipts,
  receivedMessages,
  remoteDeviceLists,
  remoteDevices,
  registrationTokens,
  remoteMedia,
  reports,
  rooms,
  searchWords,
  serverIdentity,
  serverKeyConflicts,
  serverKeys,
  serverNotices,
  sessionTokens,
  shortTokens,
  soughtEvents,
  stateNodes,
  streamCursors,
  toDevice,
  uiaSessions,
  urlPreviews,
  wholeRooms,
] as const;
