// What people with matrix-js-sdk do to trust each other: cross-signing keys, secret storage, emoji compared side by side.

import {
  CryptoEvent,
  type ShowSasCallbacks,
  VerificationPhase,
  type VerificationRequest,
  VerifierEvent,
} from 'matrix-js-sdk/lib/crypto-api/index.js';
import type { SdkDevice } from './sdk-device.ts';
import { inTime, until } from './until.ts';

/** Makes the user's cross-signing keys, secret storage with a recovery key, and a key backup. */
export const setUpEncryption = async ({ crypto, userId, password }: SdkDevice): Promise<void> => {
  await crypto.bootstrapCrossSigning({
    async authUploadDeviceSigningKeys(makeRequest) {
      await makeRequest({ type: 'm.login.password', identifier: { type: 'm.id.user', user: userId }, password });
    },
  });
  await crypto.bootstrapSecretStorage({
    createSecretStorageKey: () => crypto.createRecoveryKeyFromPassphrase(),
    setupNewSecretStorage: true,
    setupNewKeyBackup: true,
  });
};

const emojiOf = ({ sas }: ShowSasCallbacks): string => (sas.emoji ?? []).map(([, name]) => name).join(' ');

/** Resolves with the emoji shown, once both sides have said that they match; throws when they are not shown the same. */
const compare = async (asked: VerificationRequest, asking: VerificationRequest): Promise<string> => {
  await until('acceptance of the verification', () => asking.phase === VerificationPhase.Ready);
  const first = await inTime('answer to the start of the verification', asking.startVerification('m.sas.v1'));
  const second = await until('start of the verification', () => asked.verifier);
  const shown = [first, second].map((verifier) => {
    const { promise, resolve } = Promise.withResolvers<ShowSasCallbacks>();
    verifier.once(VerifierEvent.ShowSas, resolve);
    return promise;
  });
  const verified = Promise.all([first.verify(), second.verify()]);
  const shownOrFailed = Promise.race([Promise.all(shown), verified.then(() => Promise.all(shown))]);
  const [left, right] = await inTime('emoji', shownOrFailed);
  if (!left || !right || emojiOf(left) !== emojiOf(right)) throw new Error('the emoji differ');
  await inTime('answer to the confirmations', Promise.all([left.confirm(), right.confirm()]));
  await inTime('end of the verification', verified);
  return emojiOf(left);
};

const requestTo = (device: SdkDevice): Promise<VerificationRequest> =>
  new Promise((resolve) => device.client.once(CryptoEvent.VerificationRequestReceived, resolve));

/** `asking` verifies another device of the same user, or another user in the room `roomId`. Returns the emoji. */
export const verifyByEmoji = async (asking: SdkDevice, asked: SdkDevice, roomId?: string): Promise<string> => {
  const coming = requestTo(asked);
  const request = await inTime(
    'answer to the request for verification',
    roomId === undefined
      ? asking.crypto.requestDeviceVerification(asked.userId, asked.deviceId)
      : asking.crypto.requestVerificationDM(asked.userId, roomId),
  );
  const received = await inTime(`request for verification at ${asked.userId} ${asked.deviceId}`, coming);
  await inTime('answer to the acceptance', received.accept());
  return compare(received, request);
};
