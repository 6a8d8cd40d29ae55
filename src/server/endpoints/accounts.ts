// Endpoints of accounts, sessions, devices, profiles and what belongs to a user alone.

import { getRegistrationNonce, registerWithSharedSecret } from '../../api/admin/shared-secret-register.ts';
import { changePassword } from '../../api/client/account/change-password.ts';
import { deactivate } from '../../api/client/account/deactivate.ts';
import { thirdPartyIdEndpoints } from '../../api/client/account/third-party-ids.ts';
import { whoami } from '../../api/client/account/whoami.ts';
import { getAccountData, getRoomAccountData } from '../../api/client/account-data/get-account-data.ts';
import { putAccountData, putRoomAccountData } from '../../api/client/account-data/put-account-data.ts';
import { deleteTag, getTags, putTag } from '../../api/client/account-data/tags.ts';
import { getLock, putLock } from '../../api/client/admin/lock-user.ts';
import { getSuspension, putSuspension } from '../../api/client/admin/suspend-user.ts';
import { whois } from '../../api/client/admin/whois.ts';
import { getCapabilities } from '../../api/client/capabilities/get-capabilities.ts';
import { deleteDevice } from '../../api/client/devices/delete-device.ts';
import { deleteDevices } from '../../api/client/devices/delete-devices.ts';
import { getDevice } from '../../api/client/devices/get-device.ts';
import { getDevices } from '../../api/client/devices/get-devices.ts';
import { putDevice } from '../../api/client/devices/put-device.ts';
import { createFilter } from '../../api/client/filters/create-filter.ts';
import { getFilter } from '../../api/client/filters/get-filter.ts';
import { getAuthFallback, postAuthFallback } from '../../api/client/login/auth-fallback.ts';
import { getLoginToken } from '../../api/client/login/get-login-token.ts';
import { login } from '../../api/client/login/login.ts';
import { getLoginFallback } from '../../api/client/login/login-fallback.ts';
import { getLoginFlows } from '../../api/client/login/login-flows.ts';
import { refresh } from '../../api/client/login/refresh.ts';
import { requestOpenidToken } from '../../api/client/openid/request-token.ts';
import { deleteProfileField } from '../../api/client/profiles/delete-profile-field.ts';
import { getProfile } from '../../api/client/profiles/get-profile.ts';
import { getProfileField } from '../../api/client/profiles/get-profile-field.ts';
import { putProfileField } from '../../api/client/profiles/put-profile-field.ts';
import { register } from '../../api/client/registration/register.ts';
import { getTokenValidity } from '../../api/client/registration/token-validity.ts';
import { getUsernameAvailable } from '../../api/client/registration/username-available.ts';
import { logout } from '../../api/client/sessions/logout.ts';
import { logoutAll } from '../../api/client/sessions/logout-all.ts';
import { thirdPartyEndpoints } from '../../api/client/third-party/third-party.ts';
import { searchUsers } from '../../api/client/user-directory/search-users.ts';
import { getTurnServer } from '../../api/client/voip/get-turn-server.ts';
import { getOpenidUserInfo } from '../../api/federation/openid/user-info.ts';

const registration = [register, getUsernameAvailable, getTokenValidity, getRegistrationNonce, registerWithSharedSecret];
const sessions = [getLoginFlows, login, getLoginToken, refresh, logout, logoutAll, whoami];
const fallbacks = [getAuthFallback, postAuthFallback, getLoginFallback];
const account = [changePassword, deactivate, ...thirdPartyIdEndpoints, requestOpenidToken, getOpenidUserInfo];
const devices = [getDevices, getDevice, putDevice, deleteDevice, deleteDevices];
const profiles = [getProfile, getProfileField, putProfileField, deleteProfileField, searchUsers];
const data = [getAccountData, getRoomAccountData, putAccountData, putRoomAccountData, getTags, putTag, deleteTag];
const others = [createFilter, getFilter, getCapabilities, getTurnServer, ...thirdPartyEndpoints];
const administration = [whois, getLock, putLock, getSuspension, putSuspension];

export const accountEndpoints = [
  ...registration,
  ...sessions,
  ...fallbacks,
  ...account,
  ...devices,
  ...profiles,
  ...data,
  ...others,
  ...administration,
];
