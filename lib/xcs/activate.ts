import { invalidType, outOfRange, typeError } from "../arguments.js";
import { type Clock, systemClock } from "../clock.js";
import { checkOptions, clockOption, integerOption, type OptionRules, oneOf, textOption } from "../options.js";
import type { XcsNetwork } from "./network.js";
import { Computer, type NetworkManager } from "./network-manager.js";
import { type RealNetworkOptions, realNetworkRules } from "./real-network-options.js";
import { VirtualRouter } from "./virtual/virtual-router.js";
import { XcsModule } from "./xcs-module.js";

/** A tether module of XCS: it serves other modules while it is active. */
export interface TetherModule {
  /** What `activate` calls it. */
  readonly name: string;
}

/** The tether module for the network. */
export const Socket: TetherModule = Object.freeze({ name: "Socket" });

/**
 * How the Socket module is activated. The settings of the real network, from `host` to `guard`, go with
 * `backend: "node"` only.
 */
export interface XcsOptions extends RealNetworkOptions {
  /** `virtual` is a network in memory, `node` the real one, in Node only. @defaultValue "virtual" */
  backend?: "virtual" | "node";
  /** The virtual router on which the module's computer is. @defaultValue one of its own, where nobody else is */
  router?: VirtualRouter;
  /** The manager of another module, to be on the same computer as that. @defaultValue a computer of its own */
  manager?: NetworkManager;
  /** The module's name in `active()` and in errors. @defaultValue "module 1", "module 2", … */
  name?: string;
  /** The most bytes of a message over TCP, from 1 to 2^26; both ends need the same. @defaultValue 1048576 */
  maxMessageSize?: number;
  /**
   * The most entries that wait at one port, from 1 to 2^20: UDP drops the oldest, TCP makes the senders wait.
   *
   * @defaultValue 1024
   */
  maxQueuedEntries?: number;
  /** The most bytes that wait at one port, from 1 to 2^30. One entry may be larger. @defaultValue 4194304 */
  maxQueuedBytes?: number;
  /** What times reads and the virtual network. @defaultValue the clock of the platform */
  clock?: Clock;
}

const rules: OptionRules<XcsOptions> = {
  ...realNetworkRules,
  backend: oneOf("virtual", "node"),
  router: (name, value) => {
    if (!(value instanceof VirtualRouter)) throw typeError(name, "a VirtualRouter");
  },
  manager: (name, value) => {
    if (!(value instanceof Computer)) throw typeError(name, "the manager of another module");
  },
  name: textOption,
  maxMessageSize: integerOption(1, 2 ** 26),
  maxQueuedEntries: integerOption(1, 2 ** 20),
  maxQueuedBytes: integerOption(1, 2 ** 30),
  clock: clockOption,
};

/** Makes the real network, where there is one. */
export type NewRealNetwork = (options: RealNetworkOptions, clock: Clock) => XcsNetwork;

/** `activate`, given the real network. */
export function activateWith(newRealNetwork: NewRealNetwork, tether: TetherModule, options: XcsOptions): XcsModule {
  if (tether !== Socket) throw invalidType("activate takes the module Socket: activate(Socket)");
  checkOptions("activate", options, rules);
  checkTogether(options);
  const clock = options.clock ?? systemClock;
  const computer = (options.manager as Computer | undefined) ?? newComputer(newRealNetwork, options, clock);
  return new XcsModule(computer, {
    name: options.name ?? computer.nextName(),
    clock,
    limits: {
      maxMessageSize: options.maxMessageSize ?? 1_048_576,
      maxQueuedEntries: options.maxQueuedEntries ?? 1024,
      maxQueuedBytes: options.maxQueuedBytes ?? 4_194_304,
    },
  });
}

/**
 * Ends a module. What it has open is closed, with a warning that names the ports. Twice is once.
 *
 * @throws TypeError `ERR_INVALID_ARG_TYPE`
 */
export async function deactivate(module: XcsModule): Promise<void> {
  if (!(module instanceof XcsModule)) throw invalidType("deactivate takes what activate(Socket) has given");
  await module.dispose();
}

function newComputer(newRealNetwork: NewRealNetwork, options: XcsOptions, clock: Clock): Computer {
  if (options.backend === "node") return new Computer(newRealNetwork(options, clock));
  return new Computer((options.router ?? new VirtualRouter()).addComputer());
}

/** Throws for options that say nothing where others are. */
function checkTogether(options: XcsOptions): void {
  const given = (names: string[]) => names.filter((name) => options[name as keyof XcsOptions] !== undefined);
  const isReal = options.backend === "node";
  const useless = options.manager
    ? given(["backend", "router", ...Object.keys(realNetworkRules)])
    : given(isReal ? ["router"] : Object.keys(realNetworkRules));
  if (useless.length === 0) return;
  const reason = options.manager
    ? "manager gives the computer of another module, which has its network already"
    : isReal
      ? 'with backend "node" there is no virtual router'
      : 'only backend: "node" uses such options';
  throw outOfRange(`Leave out ${useless.join(", ")}: ${reason}`);
}
