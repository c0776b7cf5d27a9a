import { afterAll, beforeAll, expect, onTestFinished } from "vitest";
import type { Engine, Log } from "../../../../lib/rooms/engine/index.js";

/** An engine under test. */
export interface EngineWorld {
  /** Another end of it. */
  open(): Promise<Engine>;
  /** No end reaches the engine, which keeps what it has, until `back`. */
  outage(): Promise<void>;
  back(): Promise<void>;
  close(): Promise<void>;
}

export const bytes = (text: string) => new TextEncoder().encode(text);
export const text = (data: Uint8Array | undefined) => (data ? new TextDecoder().decode(data) : undefined);

let names = 0;
/** A name that no other test has. */
export const unused = (kind: string) => `${kind}${++names}`;

export async function readAll(log: Log, subject: string, after = 0n): Promise<string[]> {
  const found: string[] = [];
  for await (const { data } of log.read(subject, after)) found.push(text(data) as string);
  return found;
}

/** A promise that resolves when `check` holds after one of many calls of `look`. */
export function waiter() {
  let look = () => {};
  const until = (check: () => boolean) =>
    new Promise<void>((resolve) => {
      look = () => check() && resolve();
      look();
    });
  return { look: () => look(), until };
}

export const code = (wanted: string) => expect.objectContaining({ code: wanted });

/** The ends of the test that runs. */
const opened = new Set<Engine>();

/**
 * Waits until what these ends have asked of the engine has arrived wherever another end is: subscriptions are not
 * answered, and servers tell one another of them in their order.
 */
export async function settle(...ends: Engine[]): Promise<void> {
  for (const end of ends) {
    const subject = unused("settle");
    const stop = end.answer(subject, (data) => data);
    for (const other of opened) await reach(other, subject);
    stop();
  }
}

/** Asks until somebody answers. */
async function reach(end: Engine, subject: string): Promise<void> {
  for (;;) {
    try {
      await end.request(subject, new Uint8Array(0), { timeoutMs: 60_000 });
      return;
    } catch (error) {
      if ((error as { code?: string }).code !== "ERR_NO_RESPONDERS") throw error;
    }
  }
}

/** The world of a group of tests, and what they do with it. */
export function useWorld(makeWorld: () => Promise<EngineWorld>) {
  let world: EngineWorld;
  beforeAll(async () => {
    world = await makeWorld();
  });
  afterAll(() => world?.close());
  return {
    outage: () => world.outage(),
    back: () => world.back(),
    open: async (): Promise<Engine> => {
      const engine = await world.open();
      opened.add(engine);
      onTestFinished(() => {
        opened.delete(engine);
        return engine.close();
      });
      return engine;
    },
    /** Runs `during` while none of these ends reaches the engine; afterwards all of them have it back. */
    without: async (ends: Engine[], during: () => Promise<void>): Promise<void> => {
      const lost = ends.map((end) => new Promise<void>((resolve) => end.on("lost", resolve)));
      const back = ends.map((end) => new Promise<void>((resolve) => end.on("back", resolve)));
      await world.outage();
      await Promise.all(lost);
      await during();
      await world.back();
      await Promise.all(back);
    },
  };
}

export type World = ReturnType<typeof useWorld>;
