import { blend, type NumberShape } from "../behaviour/number-shape.js";

/** How many ticks the history remembers. */
export const HISTORY_TICKS = 64;

/** What is known of one object's members: how many numbers they are, and where their history lies. */
interface Row {
  readonly shapes: readonly NumberShape[];
  readonly columns: number;
  /** Whether what is between two values is found number by number. */
  readonly isPlain: boolean;
  /** Clients get its state each so many ticks, and glide between them. */
  readonly intervalTicks: number;
  /** Where its records start. They are numbered, and lie at `number % HISTORY_TICKS`. */
  readonly start: number;
  end: number;
  /** That of the last record. */
  tick: number;
}

/**
 * The interpolated members of objects in the last 64 ticks, as numbers. An object that has not changed since then keeps
 * its last values. Objects (`item`) are small integers.
 */
export class History {
  readonly #rows: (Row | undefined)[] = [];
  /**
   * The records. Of each, all lies side by side: it is one place in memory, which is seldom in the cache. First come
   * the tick and whether the line is broken before the record, as `#heads`; then the values.
   */
  #records = new Float64Array(0);
  #heads = new Int32Array(this.#records.buffer);
  #recordsEnd = 0;
  /** Rows of objects that are gone, by their number of columns. */
  readonly #free = new Map<number, Row[]>();

  /**
   * Adds an object with the numbers of these shapes, one behind the other.
   *
   * @param intervalTicks clients get its state each so many ticks, and glide between them
   */
  add(item: number, shapes: readonly NumberShape[], intervalTicks = 1): void {
    this.remove(item);
    const columns = shapes.reduce((sum, shape) => sum + shape.columns, 0);
    const isPlain = shapes.every((shape) => shape.isPlain);
    const start = this.#free.get(columns)?.pop()?.start ?? this.#newRecords(columns);
    this.#rows[item] = { shapes, columns, isPlain, intervalTicks, start, end: 0, tick: 0 };
  }

  #newRecords(columns: number): number {
    const start = this.#recordsEnd;
    this.#recordsEnd += HISTORY_TICKS * (columns + 1);
    if (this.#recordsEnd > this.#records.length) {
      const records = new Float64Array(Math.max(this.#recordsEnd, 2 * this.#records.length));
      records.set(this.#records);
      this.#records = records;
      this.#heads = new Int32Array(records.buffer);
    }
    return start;
  }

  remove(item: number): void {
    const row = this.#rows[item];
    if (!row) return;
    this.#rows[item] = undefined;
    const free = this.#free.get(row.columns);
    if (free) free.push(row);
    else this.#free.set(row.columns, [row]);
  }

  /** How many numbers an object has; 0 for one without a history. */
  columnsOf(item: number): number {
    return this.#rows[item]?.columns ?? 0;
  }

  /**
   * The object has these values from `tick` (u32) on.
   * @param isBreak - it did not move there but appeared there
   */
  record(item: number, tick: number, values: ArrayLike<number>, isBreak = false): void {
    const row = this.#rows[item];
    if (!row) return;
    if (row.end === 0 || row.tick !== tick) row.end++;
    row.tick = tick;
    const { columns } = row;
    const records = this.#records;
    const at = placeOf(row, row.end - 1);
    this.#heads[2 * at] = tick;
    this.#heads[2 * at + 1] = isBreak ? 1 : 0;
    for (let column = 0; column < columns; column++) records[at + 1 + column] = values[column] as number;
  }

  /**
   * Writes to `target` what a client shows of the object at the time `tick` (with a fraction). Returns false if the
   * object has no history.
   */
  read(item: number, tick: number, target: Float64Array): boolean {
    const row = this.#rows[item];
    if (!row || row.end === 0) return false;
    const whole = Math.floor(tick);
    const first = Math.max(0, row.end - HISTORY_TICKS);
    let from = row.end - 1;
    while (from > first && ((this.#tickOf(row, from) - whole) | 0) > 0) from--;
    const { columns } = row;
    const fromAt = placeOf(row, from) + 1;
    const part = from + 1 < row.end ? this.#partOfWay(row, from, whole, tick - whole) : 0;
    const toAt = placeOf(row, from + 1) + 1;
    const values = this.#records;
    if (row.isPlain || part === 0) {
      for (let column = 0; column < columns; column++) {
        const start = values[fromAt + column] as number;
        // Two of the numbers may be infinite.
        target[column] = part === 0 ? start : start + ((values[toAt + column] as number) - start) * part;
      }
      return true;
    }
    let at = 0;
    for (const shape of row.shapes) {
      blend(shape, values, fromAt + at, values, toAt + at, part, target, at);
      at += shape.columns;
    }
    return true;
  }

  #tickOf(row: Row, number: number): number {
    return this.#heads[2 * placeOf(row, number)] as number;
  }

  /** How far the object is on its way from a record to the next one. It rested until the state before that. */
  #partOfWay(row: Row, from: number, whole: number, fraction: number): number {
    if (this.#heads[2 * placeOf(row, from + 1) + 1]) return 0;
    const toTick = this.#tickOf(row, from + 1);
    const ticks = Math.min((toTick - this.#tickOf(row, from)) | 0, row.intervalTicks);
    return Math.max(0, (ticks - ((toTick - whole) | 0) + fraction) / ticks);
  }
}

/** Where the record of this number lies. */
const placeOf = ({ start, columns }: Row, number: number): number =>
  start + (number & (HISTORY_TICKS - 1)) * (columns + 1);
