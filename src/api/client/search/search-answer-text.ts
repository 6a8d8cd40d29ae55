// What a search found, in the wire form of the room_events category.

import type { ResultContext } from '../../../rooms/search/result-context.ts';
import type { SearchAnswer, SearchResult } from '../../../rooms/search/search-events.ts';
import type { SearchGroup } from '../../../rooms/search/search-page.ts';
import { arrayText, objectText, stringText } from '../room-reading/json-texts.ts';

export const searchAnswerText = ({ count, highlights, results, state, groups, nextBatch }: SearchAnswer): string =>
  objectText({
    count: String(count),
    highlights: JSON.stringify(highlights),
    results: arrayText(results.map(resultText)),
    state: state && objectText(mapped(state, arrayText)),
    groups: groups.size === 0 ? undefined : objectText(mapped(groups, (of) => objectText(mapped(of, groupText)))),
    next_batch: stringText(nextBatch),
  });

const mapped = <V>(map: ReadonlyMap<string, V>, text: (value: V) => string): Record<string, string> =>
  Object.fromEntries([...map].map(([key, value]) => [key, text(value)]));

const resultText = ({ rank, event, context }: SearchResult): string =>
  objectText({ rank: String(rank), result: event, context: context && contextText(context) });

const contextText = ({ start, end, before, after, profiles }: ResultContext): string =>
  objectText({
    start: stringText(start),
    end: stringText(end),
    events_before: arrayText(before),
    events_after: arrayText(after),
    profile_info: profiles && JSON.stringify(profiles),
  });

const groupText = ({ eventIds, order, nextBatch }: SearchGroup): string =>
  objectText({ results: JSON.stringify(eventIds), order: String(order), next_batch: stringText(nextBatch) });
