/** The places of objects or players: three coordinates each, and a list of the members of each square of the ground. */
export class Places {
  /** Of each member its coordinates, and the next member of its bucket: what a search reads lies in one cache line. */
  #data = new Float64Array(4 * 64);
  readonly #cellSize: number;
  /** The first member of each bucket; -1 for none. Squares share buckets by a hash, so the world has no bounds. */
  #heads = new Int32Array(64).fill(-1);
  /** The bucket of each member, -1 for none, and its neighbours in the bucket's list. */
  #buckets = new Int32Array(64).fill(-1);
  #previous = new Int32Array(64);
  #count = 0;

  constructor(cellSize: number) {
    this.#cellSize = cellSize;
  }

  has(member: number): boolean {
    return member < this.#buckets.length && (this.#buckets[member] as number) >= 0;
  }

  /** Adds `member`, or moves it to three coordinates. In an array, because each as an argument would be garbage. */
  set(member: number, place: ArrayLike<number>): void {
    if (member >= this.#buckets.length) this.#reserve(member);
    if ((this.#buckets[member] as number) < 0 && ++this.#count > this.#heads.length) this.#rehash();
    const data = this.#data;
    for (let axis = 0; axis < 3; axis++) data[4 * member + axis] = place[axis] as number;
    const bucket = this.#bucketAt(place, 0);
    if (bucket === this.#buckets[member]) return;
    this.#unlink(member);
    this.#link(member, bucket);
  }

  delete(member: number): void {
    if (!this.has(member)) return;
    this.#unlink(member);
    this.#buckets[member] = -1;
    this.#count--;
  }

  /** Gives the coordinates of a member to `target`. */
  read(member: number, target: Float64Array): void {
    for (let axis = 0; axis < 3; axis++) target[axis] = this.#data[4 * member + axis] as number;
  }

  /** -1 if a member is nearer to `place` than by the square of a distance in a list, 1 if it is farther away. */
  compare(member: number, place: ArrayLike<number>, squares: ArrayLike<number>, index: number): -1 | 0 | 1 {
    return compareDistance(this.#data, 4 * member, place, squares, index);
  }

  /** The column (axis 0) or row (1) of squares in which a place lies. */
  squareOf(place: ArrayLike<number>, axis: 0 | 1): number {
    return Math.floor((place[axis] as number) / this.#cellSize);
  }

  /** The bucket of a square. */
  bucketOf(column: number, row: number): number {
    const mixed = Math.imul(column, 0x9e3779b1) ^ Math.imul(row, 0x85ebca6b);
    return (mixed ^ (mixed >>> 15)) & (this.#heads.length - 1);
  }

  /** The first member of a bucket, and the one behind `member`; -1 at the end. Others than those near may be there. */
  firstIn(bucket: number): number {
    return this.#heads[bucket] as number;
  }

  nextOf(member: number): number {
    return this.#data[4 * member + 3] as number;
  }

  /** Calls `visit` with the square of each member. */
  forEachSquare(visit: (column: number, row: number) => void): void {
    const data = this.#data;
    for (let member = 0; member < this.#buckets.length; member++) {
      if (!this.has(member)) continue;
      const column = Math.floor((data[4 * member] as number) / this.#cellSize);
      visit(column, Math.floor((data[4 * member + 1] as number) / this.#cellSize));
    }
  }

  /** The bucket of the place whose coordinates begin at `at`. */
  #bucketAt(place: ArrayLike<number>, at: number): number {
    const column = Math.floor((place[at] as number) / this.#cellSize);
    return this.bucketOf(column, Math.floor((place[at + 1] as number) / this.#cellSize));
  }

  #link(member: number, bucket: number): void {
    const head = this.#heads[bucket] as number;
    this.#buckets[member] = bucket;
    this.#data[4 * member + 3] = head;
    this.#previous[member] = -1;
    if (head >= 0) this.#previous[head] = member;
    this.#heads[bucket] = member;
  }

  #unlink(member: number): void {
    const bucket = this.#buckets[member] as number;
    if (bucket < 0) return;
    const next = this.nextOf(member);
    const previous = this.#previous[member] as number;
    if (next >= 0) this.#previous[next] = previous;
    if (previous >= 0) this.#data[4 * previous + 3] = next;
    else this.#heads[bucket] = next;
  }

  #rehash(): void {
    this.#heads = new Int32Array(2 * this.#heads.length).fill(-1);
    for (let member = 0; member < this.#buckets.length; member++) {
      if (this.has(member)) this.#link(member, this.#bucketAt(this.#data, 4 * member));
    }
  }

  #reserve(member: number): void {
    const length = Math.max(member + 1, 2 * this.#buckets.length);
    const grow = <T extends Float64Array | Int32Array>(before: T, after: T): T => {
      after.set(before);
      return after;
    };
    this.#data = grow(this.#data, new Float64Array(4 * length));
    this.#buckets = grow(this.#buckets, new Int32Array(length).fill(-1));
    this.#previous = grow(this.#previous, new Int32Array(length));
  }
}

/**
 * -1 if the place whose coordinates begin at `at` of `data` is nearer to `place` than by the root of a number in
 * `squares`, 1 if it is farther away.
 */
export function compareDistance(
  data: Float64Array,
  at: number,
  place: ArrayLike<number>,
  squares: ArrayLike<number>,
  index: number,
): -1 | 0 | 1 {
  const squared = squares[index] as number;
  const dx = (data[at] as number) - (place[0] as number);
  const dy = (data[at + 1] as number) - (place[1] as number);
  const dz = (data[at + 2] as number) - (place[2] as number);
  const distance = dx * dx + dy * dy + dz * dz;
  return distance < squared ? -1 : distance > squared ? 1 : 0;
}
