// A long list some at a time: for statements, messages and turns of the event loop that must not grow with it.

/** A list, or what else there is to go through, in its order, `sizeMax` at a time, the last perhaps fewer; nothing where there is nothing. */
export function* slicesOf<T>(list: Iterable<T>, sizeMax: number): Generator<readonly T[]> {
  let some: T[] = [];
  for (const each of list) {
    some.push(each);
    if (some.length < sizeMax) continue;
    yield some;
    some = [];
  }
  if (some.length > 0) yield some;
}
