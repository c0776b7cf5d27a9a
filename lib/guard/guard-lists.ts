import { rangeError } from "../arguments.js";
import { type Clock, unixTimeMs } from "../clock.js";
import { quoted } from "../printable.js";
import { groupsOf, hostOf, isLoopback } from "./address.js";
import { Network } from "./network.js";
import { nameOf, type SourceKey, sourceKeyOf } from "./source-key.js";
import { NONE, SourceTable } from "./source-table.js";

/** A source, and for how many milliseconds more; null is for ever. */
export type TimedSource = readonly [source: string, leftMs: number | null];

/** What a guard's administrator has decided, and who has proved itself: JSON for the time between two processes. */
export interface ExportedGuard {
  /** The version of this format. */
  readonly version: 1;
  /** When it was exported, in milliseconds since 1970. */
  readonly exportedMs: number;
  /** Sources that `ban` has banned; bans by floods are left out. */
  readonly bans: readonly TimedSource[];
  /** Sources that have proved themselves. */
  readonly known: readonly TimedSource[];
  /** Networks that are not limited. */
  readonly allowed: readonly string[];
}

const UNTIL_MS = 0;

/** Sources with the time until which they are listed. */
export class SourceList {
  readonly #clock: Clock;
  readonly #table: SourceTable;

  constructor(clock: Clock, maxCount: number) {
    this.#clock = clock;
    this.#table = new SourceTable(maxCount, 1);
  }

  /** With those whose time is over, as long as nobody has asked for them. */
  get size(): number {
    return this.#table.size;
  }

  /** How many are listed at this moment. It goes through all of them. */
  get listed(): number {
    const now = this.#clock.now();
    return this.#table.entries().filter((entry) => this.#untilMs(entry) > now).length;
  }

  has(source: SourceKey): boolean {
    const entry = this.#table.find(source);
    if (entry === NONE) return false;
    if (this.#untilMs(entry) > this.#clock.now()) return true;
    this.#table.delete(source);
    return false;
  }

  add(source: SourceKey, ms: number): void {
    this.#table.setValue(this.#table.findOrAdd(source), UNTIL_MS, this.#clock.now() + ms);
  }

  remove(source: SourceKey): boolean {
    return this.#table.delete(source);
  }

  /** Removes the sources in a network. A /64 is in it if its first address is. @returns those that were removed */
  removeNetwork(network: Network): SourceKey[] {
    const sources = this.#table.entries().map((entry) => this.#table.keyOf(entry));
    return sources.filter((source) => network.has(source.groups) && this.#table.delete(source));
  }

  export(): TimedSource[] {
    const now = this.#clock.now();
    return this.#table
      .entries()
      .filter((entry) => this.#untilMs(entry) > now)
      .map((entry) => {
        const leftMs = this.#untilMs(entry) - now;
        return [nameOf(this.#table.keyOf(entry)), Number.isFinite(leftMs) ? leftMs : null];
      });
  }

  /** @param passedMs since the export */
  import(sources: readonly TimedSource[], passedMs: number): void {
    for (const [name, leftMs] of sources) {
      const ms = leftMs === null ? Number.POSITIVE_INFINITY : leftMs - passedMs;
      if (ms > 0) this.add(sourceKeyOf(groupsOf(name.replace(/\/64$/, ""))), ms);
    }
  }

  #untilMs(entry: number): number {
    return this.#table.value(entry, UNTIL_MS);
  }
}

/** The source of an address that can be banned. @throws RangeError `ERR_OUT_OF_RANGE` */
export function bannableSource(address: string): SourceKey {
  const groups = groupsOf(hostOf(String(address)));
  if (!groups || isLoopback(groups)) {
    throw rangeError("What is banned", `an IP address other than loopback, not ${quoted(address)}`);
  }
  return sourceKeyOf(groups);
}

/** Milliseconds since an export. @throws RangeError `ERR_OUT_OF_RANGE` if `exported` is no `ExportedGuard` */
export function checkExported(exported: ExportedGuard): number {
  if (!isExported(exported)) throw rangeError("What is imported", "what `export` has returned");
  return Math.max(0, unixTimeMs() - exported.exportedMs);
}

function isExported(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { version, exportedMs, bans, known, allowed } = value as Record<keyof ExportedGuard, unknown>;
  return version === 1 && Number.isFinite(exportedMs) && [bans, known].every(isTimedList) && isNetworkList(allowed);
}

const isTimedList = (list: unknown): boolean => Array.isArray(list) && list.every(isTimedSource);

function isTimedSource(entry: unknown): boolean {
  if (!Array.isArray(entry) || entry.length !== 2 || typeof entry[0] !== "string") return false;
  const groups = groupsOf(entry[0].replace(/\/64$/, ""));
  return groups !== null && !isLoopback(groups) && (entry[1] === null || Number.isFinite(entry[1]));
}

const isNetworkList = (list: unknown): boolean => Array.isArray(list) && list.every(isNetwork);

function isNetwork(text: unknown): boolean {
  try {
    return typeof text === "string" && new Network(text).text === text;
  } catch {
    return false;
  }
}
