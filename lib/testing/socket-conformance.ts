import { connectionCases } from "./conformance/connection-cases.js";
import { endPointCases } from "./conformance/end-point-cases.js";
import { lifetimeCases } from "./conformance/lifetime-cases.js";
import { packetCases } from "./conformance/packet-cases.js";
import { type SocketConformanceOptions, SocketWorld } from "./conformance/socket-world.js";

export type { SocketConformanceOptions };

/** A test of {@link socketConformance}. */
export interface ConformanceCase {
  /** What it checks, as a test's name. */
  name: string;
  /** Rejects with an error that says what was expected. */
  run(): Promise<void>;
}

/**
 * Test cases for everything that every socket has to do, for the test runner of your choice:
 * `for (const { name, run } of socketConformance({ createFactory })) test(name, run);`
 */
export function socketConformance(options: SocketConformanceOptions): ConformanceCase[] {
  return Object.entries({ ...lifetimeCases, ...endPointCases, ...connectionCases, ...packetCases }).map(
    ([name, check]) => ({
      name,
      async run() {
        const world = new SocketWorld(options);
        try {
          await check(world);
        } catch (error) {
          await world.close().catch(() => {});
          throw error;
        }
        await world.close();
      },
    }),
  );
}
