// Nobody annotates an event twice in the same way. Client-Server API, "Avoiding duplicate annotations".

import { keyedLock } from '../../lib/keyed-lock.ts';
import { duplicateAnnotation } from '../../protocol/errors/matrix-error.ts';
import { hasAnnotation } from '../../storage/stores/annotations.ts';
import type { Engine } from '../rooms.ts';
import type { Draft, SentEvent } from './draft.ts';
import { relationOf } from './relation-of.ts';

/** Throws M_DUPLICATE_ANNOTATION. Drafts that annotate nothing are sent as they are. */
export type AnnotateOnce = (draft: Draft, send: () => Promise<SentEvent>) => Promise<SentEvent>;

export const createAnnotateOnce = (engine: Pick<Engine, 'db'>): AnnotateOnce => {
  // Held until the annotation is on disk: the next one looks for it there.
  const lock = keyedLock<string>();
  return (draft, send) => {
    const relation = relationOf(draft.content);
    if (relation?.relType !== 'm.annotation' || relation.key === null) return send();
    const annotation = { target: relation.target, sender: draft.sender, type: draft.type, key: relation.key };
    return lock.run(Object.values(annotation).join('\n'), async () => {
      if (await engine.db.read((tx) => hasAnnotation(tx, annotation))) {
        throw duplicateAnnotation('You have annotated this event with the same key already.');
      }
      return send();
    });
  };
};
