/** Shorter logs are kept whatever the size of the content. */
const LEAST_OPERATIONS = 16;

/** Operations of a collection in their order, or the word that its content has to stand for them. */
export class OperationLog {
  readonly kinds: number[] = [];
  readonly keys: unknown[] = [];
  readonly values: unknown[] = [];
  count = 0;
  /** There were so many operations that the content is shorter. */
  isContent = false;

  get isEmpty(): boolean {
    return this.count === 0 && !this.isContent;
  }

  /** @param size how many elements the collection has after it */
  add(kind: number, key: unknown, value: unknown, size: number): void {
    if (this.isContent) return;
    if (this.count >= 2 * size + LEAST_OPERATIONS) {
      this.replace();
      return;
    }
    this.kinds[this.count] = kind;
    this.keys[this.count] = key;
    this.values[this.count] = value;
    this.count++;
  }

  /** The content stands for what has happened so far. */
  replace(): void {
    this.clear();
    this.isContent = true;
  }

  clear(): void {
    // What is behind `count` keeps its place, but no value that could be collected.
    this.keys.fill(undefined, 0, this.count);
    this.values.fill(undefined, 0, this.count);
    this.count = 0;
    this.isContent = false;
  }
}
