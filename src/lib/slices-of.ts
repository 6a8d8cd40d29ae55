// A long list some at a time: for statements, messages and turns of the event loop that must not grow with it.

/** The list in its order, `sizeMax` at a time, the last perhaps fewer; nothing of an empty one. */
export function* slicesOf<T>(list: readonly T[], sizeMax: number): Generator<readonly T[]> {
  for (let at = 0; at < list.length; at += sizeMax) yield list.slice(at, at + sizeMax);
}
