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

  /** Adds `member`, or moves it. */
  set(member: number, x: number, y: number, z: number): void {
    if (member >= this.#buckets.length) this.#reserve(member);
    if ((this.#buckets[member] as number) < 0 && ++this.#count > this.#heads.length) this.#rehash();
    this.#data[4 * member] = x;
    this.#data[4 * member + 1] = y;
    this.#data[4 * member + 2] = z;
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

  /** One of the coordinates: 0 for x, 1 for y, 2 for z. */
  coordinate(member: number, axis: number): number {
    return this.#data[4 * member + axis] as number;
  }

  squaredDistance(member: number, x: number, y: number, z: number): number {
    const data = this.#data;
    const dx = (data[4 * member] as number) - x;
    const dy = (data[4 * member + 1] as number) - y;
    const dz = (data[4 * member + 2] as number) - z;
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
    return this.#data[4 * member + 3] as number;
  }

  #bucketAt(x: number, y: number): number {
    return this.bucketOf(this.squareOf(x), this.squareOf(y));
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
      if (this.has(member)) this.#link(member, this.#bucketAt(this.coordinate(member, 0), this.coordinate(member, 1)));
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
