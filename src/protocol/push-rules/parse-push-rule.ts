// Checks the bodies of the push rule endpoints. Client-Server API, PUT /pushrules/global/{kind}/{ruleId} and below.

import { badJson, invalidParam, missingParam, notFound, unknownError } from '../errors/matrix-error.ts';
import { isJsonObject, type Json, type JsonObject } from '../events/json.ts';
import { isPushRuleKind, type PushAction, type PushCondition, type PushRuleKind } from './ruleset.ts';

/** What a request says about a rule; its id, place and flags come from elsewhere. */
export interface PushRuleBody {
  readonly actions: readonly PushAction[];
  readonly conditions?: readonly PushCondition[];
  readonly pattern?: string;
}

const ACTIONS_MAX = 20;
const CONDITIONS_MAX = 50;
const PATTERN_LENGTH_MAX = 255;
/** The text of all actions and conditions of one rule. */
const RULE_LENGTH_MAX = 16_384;

/** Throws M_INVALID_PARAM. */
export function parseKind(text: string): PushRuleKind {
  if (!isPushRuleKind(text)) throw invalidParam(`unknown kind of push rule: ${text.slice(0, 64)}`);
  return text;
}

/** For rules that should exist: of an unknown kind there are none. Throws M_NOT_FOUND. */
export function parseKindOfRule(text: string): PushRuleKind {
  if (!isPushRuleKind(text)) throw notFound('The push rule does not exist.');
  return text;
}

function parseAction(value: Json): PushAction {
  if (isJsonObject(value)) {
    if (typeof value.set_tweak !== 'string') throw invalidParam('an action object needs set_tweak');
    return value;
  }
  if (typeof value !== 'string') throw badJson('an action must be a string or an object');
  // dont_notify and coalesce are historical: kept for the client that sent them and ignored when events are judged.
  const known = value === 'notify' || value === 'dont_notify' || value === 'coalesce' || value.includes('.');
  if (!known) throw invalidParam(`unknown action: ${value.slice(0, 64)}`);
  return value;
}

/** The `actions` of a body. Throws M_MISSING_PARAM, M_BAD_JSON or M_INVALID_PARAM. */
export function parseActions(body: JsonObject): PushAction[] {
  if (body.actions === undefined) throw missingParam('actions is missing');
  if (!Array.isArray(body.actions)) throw badJson('actions must be an array');
  if (body.actions.length > ACTIONS_MAX) throw invalidParam(`more than ${ACTIONS_MAX} actions`);
  if (JSON.stringify(body.actions).length > RULE_LENGTH_MAX) throw invalidParam('actions are too large');
  return body.actions.map(parseAction);
}

/** The `enabled` of a body. Throws M_MISSING_PARAM or M_BAD_JSON. */
export function parseEnabled(body: JsonObject): boolean {
  if (body.enabled === undefined) throw missingParam('enabled is missing');
  if (typeof body.enabled !== 'boolean') throw badJson('enabled must be a boolean');
  return body.enabled;
}

function parsePattern(value: Json | undefined, where: string): string {
  if (value === undefined) throw missingParam(`pattern is missing in ${where}`);
  if (typeof value !== 'string') throw badJson(`pattern must be a string in ${where}`);
  if (value.length > PATTERN_LENGTH_MAX) throw invalidParam(`pattern is longer than ${PATTERN_LENGTH_MAX} in ${where}`);
  return value;
}

function parseCondition(value: Json): PushCondition {
  if (!isJsonObject(value)) throw badJson('a condition must be an object');
  if (value.kind === undefined) throw missingParam('kind is missing in a condition');
  if (typeof value.kind !== 'string') throw badJson('kind must be a string in a condition');
  if (value.key !== undefined && typeof value.key !== 'string') throw badJson('key must be a string in a condition');
  if (value.kind === 'event_match') parsePattern(value.pattern, 'an event_match condition');
  return { ...value, kind: value.kind };
}

function parseConditions(value: Json | undefined): PushCondition[] {
  // "A rule with no conditions always matches."
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw badJson('conditions must be an array');
  if (value.length > CONDITIONS_MAX) throw invalidParam(`more than ${CONDITIONS_MAX} conditions`);
  if (JSON.stringify(value).length > RULE_LENGTH_MAX) throw invalidParam('conditions are too large');
  return value.map(parseCondition);
}

/** Throws M_MISSING_PARAM, M_BAD_JSON or M_INVALID_PARAM. */
export function parsePushRule(kind: PushRuleKind, body: JsonObject): PushRuleBody {
  const actions = parseActions(body);
  if (kind === 'content') return { actions, pattern: parsePattern(body.pattern, 'a content rule') };
  if (kind === 'override' || kind === 'underride') return { actions, conditions: parseConditions(body.conditions) };
  return { actions };
}

/** The id of a rule that a user makes or moves relative to. Throws M_INVALID_PARAM or, when empty, M_UNKNOWN. */
export function checkRuleId(ruleId: string): void {
  if (ruleId === '') throw unknownError('the rule id is empty');
  if (ruleId.length > 255) throw invalidParam('the rule id is longer than 255 characters');
  // "If the string starts with a dot ("."), the request MUST be rejected as this is reserved for server-default rules."
  if (ruleId.startsWith('.')) throw invalidParam('rule ids that start with a dot are reserved for the server');
  // "Slashes ("/") and backslashes ("\") are also not allowed."
  if (/[/\\]/.test(ruleId)) throw invalidParam('rule ids may not contain slashes or backslashes');
}
