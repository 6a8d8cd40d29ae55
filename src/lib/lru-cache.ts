// A cache bounded by its number of entries; what was not used for the longest time falls out.

/**
 * Two generations: what is used moves into the young one, and when that is full the old one falls out as a whole. So a hit in the
 * young one writes nothing, and what falls out was not used while at least `sizeMax / 2` other entries were.
 */
export class LruCache<K, V> {
  readonly sizeMax: number;
  #young = new Map<K, V>();
  #old = new Map<K, V>();

  /** `sizeMax`: at least 2. */
  constructor(sizeMax: number) {
    this.sizeMax = sizeMax;
  }

  /** The value, now among the recently used. undefined cannot be told from absent: do not store it. */
  get(key: K): V | undefined {
    const value = this.#young.get(key);
    if (value !== undefined) return value;
    const older = this.#old.get(key);
    if (older !== undefined) this.#renew(key, older);
    return older;
  }

  /** The value without counting as a use. */
  peek(key: K): V | undefined {
    const value = this.#young.get(key);
    return value === undefined ? this.#old.get(key) : value;
  }

  has(key: K): boolean {
    return this.#young.has(key) || this.#old.has(key);
  }

  set(key: K, value: V): void {
    if (this.#young.has(key)) this.#young.set(key, value);
    else this.#renew(key, value);
  }

  delete(key: K): boolean {
    return this.#young.delete(key) || this.#old.delete(key);
  }

  clear(): void {
    this.#young.clear();
    this.#old.clear();
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** Oldest generation first. */
  *entries(): IterableIterator<[K, V]> {
    yield* this.#old;
    yield* this.#young;
  }

  #renew(key: K, value: V): void {
    this.#old.delete(key);
    if (this.#young.size >= this.sizeMax >> 1) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }
}
