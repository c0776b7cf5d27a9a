import { type Clock, systemClock } from "../../clock.js";
import { checkOptions, clockOption, functionOption } from "../../options.js";
import type { Random } from "../../random.js";
import { MemoryNetworkCore } from "./memory-network-core.js";

/** Options of a {@link MemoryNetwork}. */
export interface MemoryNetworkOptions {
  /** What times connections. @defaultValue the clock of the platform */
  clock?: Clock;
  /** Shuffles `reliable-lanes`. Give a seeded one to a test that must repeat exactly. @defaultValue Math.random */
  random?: Random;
}

/** The inside of a network, for the sockets of this folder. */
export let coreOf: (network: MemoryNetwork) => MemoryNetworkCore;

/** A network inside this process, for tests. Its sockets reach each other by port, and nothing outside. */
export class MemoryNetwork {
  readonly #core: MemoryNetworkCore;

  static {
    coreOf = (network) => network.#core;
  }

  /** @throws TypeError, RangeError for a wrong option */
  constructor(options: MemoryNetworkOptions = {}) {
    checkOptions("MemoryNetwork", options, {
      clock: clockOption,
      random: functionOption,
    });
    const { clock = systemClock, random = Math.random } = options;
    this.#core = new MemoryNetworkCore(clock, random);
  }
}
