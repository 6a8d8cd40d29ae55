// GET /_matrix/client/v3/pushrules/: all rules, those of the one scope there is, or one rule and its parts.

import { endpoint } from '../../../http/inbound/endpoint.ts';
import { text } from '../../../http/inbound/params.ts';
import { parseKindOfRule } from '../../../protocol/push-rules/parse-push-rule.ts';
import type { Push } from '../../../push/push.ts';

export const getPushRules = endpoint({
  route: 'GET /_matrix/client/v3/pushrules/',
  also: ['GET /_matrix/client/v3/pushrules', 'GET /_matrix/client/r0/pushrules/', 'GET /_matrix/client/r0/pushrules'],
  spec: 'client-server-api/#get_matrixclientv3pushrules',
  auth: 'user',
  limit: 'read',
  async handle({ caller }, { push }: { push: Push }) {
    return { global: await push.rules.rules(caller) };
  },
});

export const getGlobalPushRules = endpoint({
  route: 'GET /_matrix/client/v3/pushrules/global/',
  also: [
    'GET /_matrix/client/v3/pushrules/global',
    'GET /_matrix/client/r0/pushrules/global/',
    'GET /_matrix/client/r0/pushrules/global',
  ],
  spec: 'client-server-api/#get_matrixclientv3pushrulesglobal',
  auth: 'user',
  limit: 'read',
  handle: ({ caller }, { push }: { push: Push }) => push.rules.rules(caller),
});

export const getPushRule = endpoint({
  route: 'GET /_matrix/client/v3/pushrules/global/{kind}/{ruleId}',
  also: ['GET /_matrix/client/r0/pushrules/global/{kind}/{ruleId}'],
  spec: 'client-server-api/#get_matrixclientv3pushrulesglobalkindruleid',
  auth: 'user',
  limit: 'read',
  params: { kind: parseKindOfRule, ruleId: text },
  handle: ({ caller, params }, { push }: { push: Push }) => push.rules.rule(caller, params.kind, params.ruleId),
});

export const getPushRuleEnabled = endpoint({
  route: 'GET /_matrix/client/v3/pushrules/global/{kind}/{ruleId}/enabled',
  also: ['GET /_matrix/client/r0/pushrules/global/{kind}/{ruleId}/enabled'],
  spec: 'client-server-api/#get_matrixclientv3pushrulesglobalkindruleidenabled',
  auth: 'user',
  limit: 'read',
  params: { kind: parseKindOfRule, ruleId: text },
  async handle({ caller, params }, { push }: { push: Push }) {
    const { enabled } = await push.rules.rule(caller, params.kind, params.ruleId);
    return { enabled };
  },
});

export const getPushRuleActions = endpoint({
  route: 'GET /_matrix/client/v3/pushrules/global/{kind}/{ruleId}/actions',
  also: ['GET /_matrix/client/r0/pushrules/global/{kind}/{ruleId}/actions'],
  spec: 'client-server-api/#get_matrixclientv3pushrulesglobalkindruleidactions',
  auth: 'user',
  limit: 'read',
  params: { kind: parseKindOfRule, ruleId: text },
  async handle({ caller, params }, { push }: { push: Push }) {
    const { actions } = await push.rules.rule(caller, params.kind, params.ruleId);
    return { actions };
  },
});
