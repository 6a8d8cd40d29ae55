// Who annotated what: for the check against doing it twice. Client-Server API, "Event annotations and reactions".

import type { UserId } from '../../protocol/ids/branded.ts';
import type { ReadTx } from '../database.ts';
import { toStoredText } from '../text.ts';

export interface Annotation {
  /** The annotated event's id. */
  readonly target: string;
  readonly sender: UserId;
  /** The type of the annotating event. */
  readonly type: string;
  readonly key: string;
}

/** A redacted annotation counts no more. */
export const hasAnnotation = async (tx: ReadTx, annotation: Annotation): Promise<boolean> => {
  const found = await tx.get(
    `SELECT 1 AS "one" FROM relations r JOIN users u ON u.nid = r.sender JOIN event_types t ON t.nid = r.type
     WHERE r.target_event_id = ? AND r.rel_type = 'm.annotation' AND r.aggregation_key = ? AND u.user_id = ? AND t.type = ?
     LIMIT 1`,
    toStoredText(annotation.target),
    toStoredText(annotation.key),
    annotation.sender,
    toStoredText(annotation.type),
  );
  return found !== undefined;
};
