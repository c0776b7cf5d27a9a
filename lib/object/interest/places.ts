/** The places of objects or players: three coordinates each, and a list of the members of each square of the ground. */
export class Places {
  x = new Float64Array(64);
  y = new Float64Array(64);
  z = new Float64Array(64);
  readonly #cellSize: number;
  /** The first member of each bucket; -1 for none. Squares share buckets by a hash, so the world has no bounds. */
  #heads = new Int32Array(64).fill(-1);
  /** The bucket of each member, -1 for none, and its neighbours in the bucket's list. */
  #buckets = new Int32Array(64).fill(-1);
  #next = new Int32Array(64);
  #previous = new Int32Array(64);
  #count = 0;

  constructor(cellSize: number) {
    this.#cellSize = cellSize;
  }

  has(member: number): boolean {
    return member < this.#buckets.length && (this.#buckets[member] as number) >= 0;
  }

  /** Adds `member`, or moves it. */
  set(member: number, x: number, y: number, z: number): void {
    if (member >= this.x.length) this.#reserve(member);
    if ((this.#buckets[member] as number) < 0 && ++this.#count > this.#heads.length) this.#rehash();
    this.x[member] = x;
    this.y[member] = y;
    this.z[member] = z;
    const bucket = this.#bucketAt(x, y);
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

  squaredDistance(member: number, x: number, y: number, z: number): number {
    const dx = (this.x[member] as number) - x;
    const dy = (this.y[member] as number) - y;
    const dz = (this.z[member] as number) - z;
    return dx * dx + dy * dy + dz * dz;
  }

  /** The column or row of squares in which a coordinate lies. */
  squareOf(coordinate: number): number {
    return Math.floor(coordinate / this.#cellSize);
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
    return this.#next[member] as number;
  }

  #bucketAt(x: number, y: number): number {
    return this.bucketOf(this.squareOf(x), this.squareOf(y));
  }

  #link(member: number, bucket: number): void {
    const head = this.#heads[bucket] as number;
    this.#buckets[member] = bucket;
    this.#next[member] = head;
    this.#previous[member] = -1;
    if (head >= 0) this.#previous[head] = member;
    this.#heads[bucket] = member;
  }

  #unlink(member: number): void {
    const bucket = this.#buckets[member] as number;
    if (bucket < 0) return;
    const next = this.#next[member] as number;
    const previous = this.#previous[member] as number;
    if (next >= 0) this.#previous[next] = previous;
    if (previous >= 0) this.#next[previous] = next;
    else this.#heads[bucket] = next;
  }

  #rehash(): void {
    this.#heads = new Int32Array(2 * this.#heads.length).fill(-1);
    for (let member = 0; member < this.#buckets.length; member++) {
      if (this.has(member)) this.#link(member, this.#bucketAt(this.x[member] as number, this.y[member] as number));
    }
  }

  #reserve(member: number): void {
    const length = Math.max(member + 1, 2 * this.x.length);
    const grow = <T extends Float64Array | Int32Array>(before: T, after: T): T => {
      after.set(before);
      return after;
    };
    this.x = grow(this.x, new Float64Array(length));
    this.y = grow(this.y, new Float64Array(length));
    this.z = grow(this.z, new Float64Array(length));
    this.#buckets = grow(this.#buckets, new Int32Array(length).fill(-1));
    this.#next = grow(this.#next, new Int32Array(length));
    this.#previous = grow(this.#previous, new Int32Array(length));
  }
}
