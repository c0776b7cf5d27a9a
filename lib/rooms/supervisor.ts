import { type ChildProcess, fork } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { systemClock } from "../clock.js";
import { EventHub } from "../event-hub.js";
import { NetworkError } from "../network-error.js";
import { checkOptions, durationOption, integerOption, type OptionRules, objectOption, required } from "../options.js";
import { reportUncaught } from "../report-uncaught.js";
import { endWithParent } from "./end-with-parent.js";
import type { Engine } from "./engine/engine.js";
import { MemoryEngine } from "./engine/memory-engine.js";
import { portOf } from "./engine/port.js";
import { PortEngine } from "./engine/port-engine.js";
import { serveEngine } from "./engine/serve-engine.js";

/** The options of a {@link Supervisor}. */
export interface SupervisorOptions {
  /** The program of each process: it makes a `RoomHost` over `parentEngine()` and starts it. */
  program: { readonly href: string };
  /** How many processes, 1 to 256. @defaultValue as many as this machine has cores */
  count?: number;
  /** What processes get besides the environment of this one. `VALVE_SOCKETS_WORKER` is the number of each, from 0. */
  env?: Readonly<Record<string, string>>;
  /**
   * The pause before a process that has ended is started again, at least 1; twice as long after each, up to 30 s.
   *
   * @defaultValue 1000 ms
   */
  restartMs?: number;
}

/** The events of a {@link Supervisor}. */
export interface SupervisorEvents {
  /** A process has been started. */
  started: [worker: number, pid: number];
  /** It has ended, by a signal if `code` is null; and it is started again unless the supervisor stops. */
  ended: [worker: number, code: number | null];
}

const OPTIONS: OptionRules<SupervisorOptions> = {
  program: required(objectOption()),
  count: integerOption(1, 256),
  env: objectOption(),
  restartMs: durationOption(1),
};
const MAX_RESTART_MS = 30_000;

interface Worker {
  readonly number: number;
  process: ChildProcess | null;
  /** Whether it was sent a SIGTERM: a second one would end its drain. */
  isTold: boolean;
  timer: unknown;
  restarts: number;
  startedMs: number;
}

/**
 * Runs a host in each of several processes, one for a core, each with ports of its own. They share an engine in this
 * process. One that ends is started again, alone: its rooms go on at the others meanwhile. When this process ends,
 * however that is, they end as on a SIGTERM: those with a `RoomHost` that has started, with `parentEngine` or with
 * `drainOnSignal`.
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #engine = new MemoryEngine();
  readonly #workers: Worker[];
  readonly #events = new EventHub<SupervisorEvents>(["started", "ended"], reportUncaught);
  #wasStarted = false;
  #isRunning = false;

  /** @throws TypeError, RangeError for wrong options */
  constructor(options: SupervisorOptions) {
    checkOptions("Supervisor", options, OPTIONS);
    objectOption()("program", options.program);
    this.#options = options;
    this.#workers = Array.from({ length: options.count ?? availableParallelism() }, (_, number) => ({
      ...{ number, process: null, isTold: false, timer: undefined, restarts: 0, startedMs: 0 },
    }));
  }

  /** Adds a listener of an event. @returns removes it */
  on<Name extends keyof SupervisorEvents>(name: Name, listener: (...args: SupervisorEvents[Name]) => void): () => void {
    return this.#events.on(name, listener);
  }

  /** The process ids, by the numbers of the workers; null for one that is not running at this moment. */
  get pids(): (number | null)[] {
    return this.#workers.map((worker) => worker.process?.pid ?? null);
  }

  /** Starts all processes, once. @throws NetworkError `ERR_STATE` the second time */
  start(): void {
    if (this.#wasStarted) throw new NetworkError("ERR_STATE", "A supervisor starts once: make another one");
    this.#isRunning = this.#wasStarted = true;
    for (const worker of this.#workers) this.#fork(worker);
  }

  /**
   * Sends each process a SIGTERM, on which its host is drained (`drainOnSignal`), and after `deadlineMs` a SIGKILL. All
   * hosts drain at the same time, so none takes the rooms of another: players stay until they leave, or until the
   * deadline of `drainOnSignal`.
   *
   * @param deadlineMs @defaultValue 35,000 ms
   * @returns their exit codes, null for those that a signal has ended or that were not running
   */
  async stop(deadlineMs = 35_000): Promise<(number | null)[]> {
    this.#isRunning = false;
    const codes = await Promise.all(this.#workers.map((worker) => endOf(worker, deadlineMs)));
    await this.#engine.close();
    return codes;
  }

  #fork(worker: Worker): void {
    const { program, env = {} } = this.#options;
    const child = fork(fileURLToPath(program.href), {
      env: { ...process.env, ...env, VALVE_SOCKETS_WORKER: `${worker.number}` },
      serialization: "advanced",
    });
    const link = this.#engine.link();
    const stopServing = serveEngine(link, portOf(child));
    worker.process = child;
    worker.startedMs = systemClock.now();
    let isOver = false;
    const ended = (code: number | null) => {
      if (isOver) return;
      isOver = true;
      stopServing();
      void link.close();
      worker.process = null;
      this.#events.emit("ended", worker.number, code);
      if (this.#isRunning) this.#restart(worker);
    };
    child.on("exit", ended);
    // It could not be started, or a message could not be sent: its end follows, if it was there.
    child.on("error", () => child.pid === undefined && ended(null));
    if (child.pid !== undefined) this.#events.emit("started", worker.number, child.pid);
  }

  #restart(worker: Worker): void {
    const { restartMs = 1000 } = this.#options;
    if (systemClock.now() - worker.startedMs >= MAX_RESTART_MS) worker.restarts = 0;
    const pauseMs = Math.min(restartMs * 2 ** worker.restarts, MAX_RESTART_MS);
    worker.restarts++;
    worker.timer = systemClock.setTimeout(() => this.#fork(worker), pauseMs);
  }
}

async function endOf(worker: Worker, deadlineMs: number): Promise<number | null> {
  systemClock.clearTimeout(worker.timer);
  const child = worker.process;
  if (!child) return null;
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  if (!worker.isTold) child.kill("SIGTERM");
  worker.isTold = true;
  const timer = systemClock.setTimeout(() => child.kill("SIGKILL"), deadlineMs);
  const code = await exited;
  systemClock.clearTimeout(timer);
  return code;
}

let shared: PortEngine | null = null;

/**
 * The engine of the supervisor that has started this process, for its `RoomHost`.
 *
 * @throws NetworkError `ERR_STATE` in a process that no supervisor has started
 */
export function parentEngine(): Engine {
  if (!process.send || process.env.VALVE_SOCKETS_WORKER === undefined)
    throw new NetworkError(
      "ERR_STATE",
      "No Supervisor has started this process: run the program that makes one, or take another engine",
    );
  endWithParent();
  shared ??= new PortEngine(portOf(process));
  return shared;
}
