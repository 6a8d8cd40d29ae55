// PUT and DELETE /_matrix/client/v3/pushrules/global/{kind}/{ruleId}, and PUT of its parts.

import { endpoint } from '../../../http/inbound/endpoint.ts';
import { optionalText, text } from '../../../http/inbound/params.ts';
import {
  parseActions,
  parseEnabled,
  parseKind,
  parseKindOfRule,
  parsePushRule,
} from '../../../protocol/push-rules/parse-push-rule.ts';
import type { Push } from '../../../push/push.ts';

export const putPushRule = endpoint({
  route: 'PUT /_matrix/client/v3/pushrules/global/{kind}/{ruleId}',
  also: ['PUT /_matrix/client/r0/pushrules/global/{kind}/{ruleId}'],
  spec: 'client-server-api/#put_matrixclientv3pushrulesglobalkindruleid',
  auth: 'user',
  limit: 'account',
  params: { kind: parseKind, ruleId: text },
  query: { before: optionalText, after: optionalText },
  body: 'object',
  async handle({ caller, params, query, body }, { push }: { push: Push }) {
    const rule = parsePushRule(params.kind, body);
    await push.rules.putRule(caller, params.kind, params.ruleId, rule, query);
    return {};
  },
});

export const deletePushRule = endpoint({
  route: 'DELETE /_matrix/client/v3/pushrules/global/{kind}/{ruleId}',
  also: ['DELETE /_matrix/client/r0/pushrules/global/{kind}/{ruleId}'],
  spec: 'client-server-api/#delete_matrixclientv3pushrulesglobalkindruleid',
  auth: 'user',
  limit: 'account',
  params: { kind: parseKindOfRule, ruleId: text },
  async handle({ caller, params }, { push }: { push: Push }) {
    await push.rules.deleteRule(caller, params.kind, params.ruleId);
    return {};
  },
});

export const putPushRuleEnabled = endpoint({
  route: 'PUT /_matrix/client/v3/pushrules/global/{kind}/{ruleId}/enabled',
  also: ['PUT /_matrix/client/r0/pushrules/global/{kind}/{ruleId}/enabled'],
  spec: 'client-server-api/#put_matrixclientv3pushrulesglobalkindruleidenabled',
  auth: 'user',
  limit: 'account',
  params: { kind: parseKindOfRule, ruleId: text },
  body: 'object',
  async handle({ caller, params, body }, { push }: { push: Push }) {
    await push.rules.setEnabled(caller, params.kind, params.ruleId, parseEnabled(body));
    return {};
  },
});

export const putPushRuleActions = endpoint({
  route: 'PUT /_matrix/client/v3/pushrules/global/{kind}/{ruleId}/actions',
  also: ['PUT /_matrix/client/r0/pushrules/global/{kind}/{ruleId}/actions'],
  spec: 'client-server-api/#put_matrixclientv3pushrulesglobalkindruleidactions',
  auth: 'user',
  limit: 'account',
  params: { kind: parseKindOfRule, ruleId: text },
  body: 'object',
  async handle({ caller, params, body }, { push }: { push: Push }) {
    await push.rules.setActions(caller, params.kind, params.ruleId, parseActions(body));
    return {};
  },
});
