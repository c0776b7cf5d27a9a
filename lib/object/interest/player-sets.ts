/** A set of players for each object. Both are small integers; a set is a row of bits. */
export class PlayerSets {
  #words = 1;
  #rows = new Int32Array(64);

  has(item: number, player: number): boolean {
    const word = player >>> 5;
    return word < this.#words && ((this.#rows[item * this.#words + word] as number) & (1 << (player & 31))) !== 0;
  }

  add(item: number, player: number): void {
    if (player >>> 5 >= this.#words) this.#resize((player >>> 5) + 1, this.#rows.length / this.#words);
    if ((item + 1) * this.#words > this.#rows.length) {
      this.#resize(this.#words, Math.max(item + 1, (2 * this.#rows.length) / this.#words));
    }
    (this.#rows[item * this.#words + (player >>> 5)] as number) |= 1 << (player & 31);
  }

  delete(item: number, player: number): void {
    if (this.has(item, player)) (this.#rows[item * this.#words + (player >>> 5)] as number) &= ~(1 << (player & 31));
  }

  /** Removes `player` from all sets. */
  deletePlayer(player: number): void {
    if (player >>> 5 >= this.#words) return;
    for (let at = player >>> 5; at < this.#rows.length; at += this.#words) {
      (this.#rows[at] as number) &= ~(1 << (player & 31));
    }
  }

  /** The next player of the set behind `player`, -1 after the last one; start with -1. */
  next(item: number, player: number): number {
    const from = player + 1;
    const row = item * this.#words;
    if (row >= this.#rows.length) return -1;
    let bits = -1 << (from & 31);
    for (let word = from >>> 5; word < this.#words; word++, bits = -1) {
      bits &= this.#rows[row + word] as number;
      if (bits !== 0) return (word << 5) + 31 - Math.clz32(bits & -bits);
    }
    return -1;
  }

  #resize(words: number, items: number): void {
    const rows = new Int32Array(words * items);
    const before = this.#words;
    for (let index = 0; index < this.#rows.length; index++) {
      rows[Math.floor(index / before) * words + (index % before)] = this.#rows[index] as number;
    }
    this.#rows = rows;
    this.#words = words;
  }
}
