import { rangeError } from "../arguments.js";
import { type Clock, unixTimeMs } from "../clock.js";
import { groupsOf, hostOf, isLoopback } from "./address.js";
import { Network } from "./network.js";
import { RecentTable } from "./recent-table.js";
import { sourceOf } from "./source.js";

/** A source, and for how many milliseconds more; null is for ever. */
export type TimedSource = readonly [source: string, leftMs: number | null];

/** What a guard's administrator has decided, and who has proved itself: JSON for the time between two processes. */
export interface ExportedGuard {
  readonly version: 1;
  /** When it was exported, in milliseconds since 1970. */
  readonly exportedMs: number;
  readonly bans: readonly TimedSource[];
  readonly known: readonly TimedSource[];
  /** Networks that are not limited. */
  readonly allowed: readonly string[];
}

/** Sources with the time until which they are listed. */
export class SourceList {
  readonly #clock: Clock;
  readonly #untilMs: RecentTable<number>;

  constructor(clock: Clock, maxCount: number) {
    this.#clock = clock;
    this.#untilMs = new RecentTable(maxCount);
  }

  get size(): number {
    return this.#untilMs.size;
  }

  has(source: string): boolean {
    const untilMs = this.#untilMs.get(source);
    if (untilMs === undefined) return false;
    if (untilMs > this.#clock.now()) return true;
    this.#untilMs.delete(source);
    return false;
  }

  add(source: string, ms: number): void {
    this.#untilMs.set(source, this.#clock.now() + ms);
  }

  remove(source: string): boolean {
    return this.#untilMs.delete(source);
  }

  /** Removes the sources in a network. A /64 is in it if its first address is. */
  removeNetwork(network: Network): void {
    for (const [source] of this.#untilMs.entries()) {
      const groups = groupsOf(source.replace(/\/64$/, ""));
      if (groups && network.has(groups)) this.#untilMs.delete(source);
    }
  }

  export(): TimedSource[] {
    const now = this.#clock.now();
    return this.#untilMs
      .entries()
      .filter(([, untilMs]) => untilMs > now)
      .map(([source, untilMs]) => [source, Number.isFinite(untilMs) ? untilMs - now : null]);
  }

  /** @param passedMs since the export */
  import(sources: readonly TimedSource[], passedMs: number): void {
    for (const [source, leftMs] of sources) {
      const ms = leftMs === null ? Number.POSITIVE_INFINITY : leftMs - passedMs;
      if (ms > 0) this.add(source, ms);
    }
  }
}

/** The source of an address that can be banned. @throws RangeError `ERR_OUT_OF_RANGE` */
export function bannableSource(address: string): string {
  const groups = groupsOf(hostOf(String(address)));
  if (!groups || isLoopback(groups)) {
    throw rangeError("What is banned", `an IP address other than loopback, not ${JSON.stringify(address)}`);
  }
  return sourceOf(address);
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
