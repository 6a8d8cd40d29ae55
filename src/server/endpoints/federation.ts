// Endpoints that other servers call, and those by which administrators look at other servers.

import { acceptKey, listKeyConflicts } from '../../api/admin/federation/key-conflicts.ts';
import { listDestinations } from '../../api/admin/federation/list-destinations.ts';
import { retryAllDestinations, retryDestination } from '../../api/admin/federation/retry-destination.ts';
import { showDestination } from '../../api/admin/federation/show-destination.ts';
import { getFederationPublicRooms, searchFederationPublicRooms } from '../../api/federation/directory/public-rooms.ts';
import { getFederationEvent } from '../../api/federation/events/get-event.ts';
import { getEventAuth } from '../../api/federation/events/get-event-auth.ts';
import { getFederationEventNearTime } from '../../api/federation/events/get-event-near-time.ts';
import { backfill } from '../../api/federation/history/backfill.ts';
import { getMissingEvents } from '../../api/federation/history/get-missing-events.ts';
import { getServerKeys, getServerKeysById } from '../../api/federation/keys/get-server-keys.ts';
import {
  queryManyServerKeys,
  queryServerKeyById,
  queryServerKeys,
} from '../../api/federation/keys/query-server-keys.ts';
import { federationDownload } from '../../api/federation/media/download.ts';
import { federationThumbnail } from '../../api/federation/media/thumbnail.ts';
import { exchangeThirdPartyInvite } from '../../api/federation/membership/exchange-third-party-invite.ts';
import { makeJoin, makeKnock, makeLeave } from '../../api/federation/membership/make-member.ts';
import { onBindThirdPartyId } from '../../api/federation/membership/on-bind-third-party-id.ts';
import { receiveInvite, receiveInviteOld } from '../../api/federation/membership/receive-invite.ts';
import { sendJoin, sendJoinOld } from '../../api/federation/membership/send-join.ts';
import { sendKnock } from '../../api/federation/membership/send-knock.ts';
import { sendLeave, sendLeaveOld } from '../../api/federation/membership/send-leave.ts';
import { queryDirectory } from '../../api/federation/query/query-directory.ts';
import { queryOther } from '../../api/federation/query/query-other.ts';
import { queryProfile } from '../../api/federation/query/query-profile.ts';
import { getFederationHierarchy } from '../../api/federation/spaces/get-hierarchy.ts';
import { getFederationState, getStateIds } from '../../api/federation/state/get-state.ts';
import { sendTransaction } from '../../api/federation/transactions/send-transaction.ts';
import { claimUserKeys } from '../../api/federation/user/claim-user-keys.ts';
import { getUserDevices } from '../../api/federation/user/get-user-devices.ts';
import { queryUserKeys } from '../../api/federation/user/query-user-keys.ts';
import { getFederationVersion } from '../../api/federation/version/get-version.ts';

const keys = [getServerKeys, getServerKeysById, queryServerKeys, queryServerKeyById, queryManyServerKeys];

const reads = [
  getFederationEvent,
  getEventAuth,
  getFederationEventNearTime,
  getFederationState,
  getStateIds,
  backfill,
  getMissingEvents,
  queryProfile,
  queryDirectory,
  queryOther,
  getFederationPublicRooms,
  searchFederationPublicRooms,
  getFederationHierarchy,
  federationDownload,
  federationThumbnail,
];

const users = [getUserDevices, queryUserKeys, claimUserKeys];

const handshakes = [
  makeJoin,
  sendJoin,
  sendJoinOld,
  makeKnock,
  sendKnock,
  makeLeave,
  sendLeave,
  sendLeaveOld,
  receiveInvite,
  receiveInviteOld,
  exchangeThirdPartyInvite,
  onBindThirdPartyId,
];

export const federationAdminEndpoints = [
  listDestinations,
  showDestination,
  retryDestination,
  retryAllDestinations,
  listKeyConflicts,
  acceptKey,
];

export const federationEndpoints = [
  getFederationVersion,
  sendTransaction,
  ...keys,
  ...reads,
  ...users,
  ...handshakes,
  ...federationAdminEndpoints,
];
