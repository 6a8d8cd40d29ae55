// What an event means for the many who never changed a push rule: one outcome for all, and the few it singles out.
// Since v1.17 the default rules look at m.mentions, the room and the event alone, not at each member's name.

import { asJsonList } from '../events/json.ts';
import { propertyAt } from '../events/property-path.ts';
import { compileRules, evaluate, noOutcome, type PushOutcome } from './compile-rules.ts';
import { defaultRules } from './default-rules.ts';
import type { PushSubject, RoomPushContext } from './push-subject.ts';

export interface DefaultOutcome {
  /** For every user with the default rules who is not among the exceptions. */
  readonly common: PushOutcome;
  /** By user id, local or not: those for whom the outcome differs (mentioned, invited, the sender). */
  readonly exceptions: ReadonlyMap<string, PushOutcome>;
}

/** Longer than any event (65,536 bytes), so no event, however hostile, can name it. */
const nobody = '@'.repeat(65_537);
const compiled = compileRules(defaultRules(nobody), nobody);

function mentionedUsers({ event }: PushSubject): Set<string> {
  const list = propertyAt(event.content, ['m.mentions', 'user_ids']);
  return new Set(asJsonList(list).filter((userId) => typeof userId === 'string'));
}

/** Costs one evaluation and one more for each kind of exception, whatever the number of members. */
export function outcomeForDefaultRules(subject: PushSubject, context: RoomPushContext): DefaultOutcome {
  const { sender, stateKey } = subject.event;
  const common = evaluate(compiled, subject, { ...context, userId: nobody });
  const exceptions = new Map<string, PushOutcome>();
  const single = (userId: string, outcome: PushOutcome): void => {
    if (outcome !== common) exceptions.set(userId, outcome);
  };
  let forMentioned: PushOutcome | undefined;
  for (const userId of mentionedUsers(subject)) {
    if (userId === sender || userId === stateKey) continue;
    // All who are merely mentioned share one outcome.
    forMentioned ??= evaluate(compiled, subject, { ...context, userId });
    single(userId, forMentioned);
  }
  if (stateKey) single(stateKey, evaluate(compiled, subject, { ...context, userId: stateKey }));
  single(sender, noOutcome);
  return { common, exceptions };
}
