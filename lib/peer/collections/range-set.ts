/** A set of whole numbers, kept as ranges in ascending order, from a start to before an end. */
export class RangeSet {
  count = 0;
  #bounds = new Float64Array(8);

  /** Where range `index` begins. */
  start(index: number): number {
    return this.#bounds[2 * index] as number;
  }

  /** The first number behind range `index`. */
  end(index: number): number {
    return this.#bounds[2 * index + 1] as number;
  }

  add(start: number, end: number): void {
    const bounds = this.#bounds;
    if (this.count > 0 && start === bounds[2 * this.count - 1]) {
      // Numbers that come in order make the last range longer.
      bounds[2 * this.count - 1] = end;
      return;
    }
    const first = this.#firstThatEndsFrom(start);
    let behind = first;
    let from = start;
    let to = end;
    for (; behind < this.count && this.start(behind) <= end; behind++) {
      from = Math.min(from, this.start(behind));
      to = Math.max(to, this.end(behind));
    }
    this.#replace(first, behind, 1);
    this.#set(first, from, to);
  }

  remove(start: number, end: number): void {
    const first = this.#firstThatEndsFrom(start + 1);
    let behind = first;
    while (behind < this.count && this.start(behind) < end) behind++;
    if (behind === first) return;
    const from = this.start(first);
    const to = this.end(behind - 1);
    const keepsFront = from < start;
    const keepsBack = to > end;
    this.#replace(first, behind, (keepsFront ? 1 : 0) + (keepsBack ? 1 : 0));
    if (keepsFront) this.#set(first, from, start);
    if (keepsBack) this.#set(keepsFront ? first + 1 : first, end, to);
  }

  removeFirst(): void {
    this.#replace(0, 1, 0);
  }

  #set(index: number, start: number, end: number): void {
    this.#bounds[2 * index] = start;
    this.#bounds[2 * index + 1] = end;
  }

  /** The index of the first range that ends at `number` or later. */
  #firstThatEndsFrom(number: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.end(middle) < number) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Replaces the ranges from `first` to before `behind` by `count` ranges, which the caller sets. */
  #replace(first: number, behind: number, count: number): void {
    const total = this.count + first + count - behind;
    if (2 * total > this.#bounds.length) {
      const larger = new Float64Array(2 * this.#bounds.length);
      larger.set(this.#bounds);
      this.#bounds = larger;
    }
    if (behind < this.count) this.#bounds.copyWithin(2 * (first + count), 2 * behind, 2 * this.count);
    this.count = total;
  }
}
