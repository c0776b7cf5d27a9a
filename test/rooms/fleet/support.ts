import { NetworkError } from "../../../lib/network-error.js";
import type { Random } from "../../../lib/random.js";
import type { Bucket, Engine, Log } from "../../../lib/rooms/engine/index.js";
import type { FakeClock } from "../../../lib/testing/fake-clock.js";

/** Waits until all that needs no timer is done. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
}

/** Lets time pass, and what happens in it. */
export async function advance(clock: FakeClock, ms: number): Promise<void> {
  clock.advance(ms);
  await settle();
}

/** How an answer is lost: what was asked for is done, and nobody hears of it. */
export type Fault = "none" | "before" | "after";

const lost = () => new NetworkError("ERR_TIMEOUT", "No answer came");

/** An engine some of whose writes fail: before they are done, or after. */
export function faulty(engine: Engine, next: () => Fault): Pick<Engine, "bucket" | "log"> {
  async function run<T>(write: () => Promise<T>): Promise<T> {
    const fault = next();
    if (fault === "before") throw lost();
    const result = await write();
    if (fault === "after") throw lost();
    return result;
  }
  const bucketOf = (bucket: Bucket): Bucket => ({
    get: (key) => bucket.get(key),
    watch: (on) => bucket.watch(on),
    create: (key, value, ttlMs) => run(() => bucket.create(key, value, ttlMs)),
    update: (key, value, revision) => run(() => bucket.update(key, value, revision)),
    delete: (key, revision) => run(() => bucket.delete(key, revision)),
  });
  const logOf = (log: Log): Log => ({
    append: (subject, data, options) => run(() => log.append(subject, data, options)),
    read: (subject, after) => log.read(subject, after),
    trim: (subject, upTo) => run(() => log.trim(subject, upTo)),
  });
  return {
    bucket: async (name) => bucketOf(await engine.bucket(name)),
    log: async (name) => logOf(await engine.log(name)),
  };
}

/** One fault of three writes. */
export const randomFaults = (random: Random) => (): Fault =>
  (["before", "after", "none", "none", "none", "none"] as const)[Math.floor(random() * 6)] as Fault;

export const bytes = (text: string) => new TextEncoder().encode(text);
export const text = (data: Uint8Array) => new TextDecoder().decode(data);
