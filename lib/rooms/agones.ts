import { type Clock, systemClock } from "../clock.js";
import { checkOptions, clockOption, durationOption, functionOption, type OptionRules, textOption } from "../options.js";
import { reportUncaught } from "../report-uncaught.js";
import type { RoomHost } from "./room-host.js";

/** The options of an {@link Agones}. */
export interface AgonesOptions {
  /** Of the SDK server. @defaultValue `http://127.0.0.1:` and `AGONES_SDK_HTTP_PORT`, or 9358 */
  url?: string;
  /** How often the SDK server is told that the host is well, at least 100. @defaultValue 2000 ms */
  healthMs?: number;
  /** Agones wants the game server to end: drain the host. @defaultValue nothing is done */
  onShutdown?: () => void;
  /** What times `healthMs` and the pauses between attempts. @defaultValue that of the platform */
  clock?: Clock;
}

const OPTIONS: OptionRules<AgonesOptions> = {
  url: textOption,
  healthMs: durationOption(100),
  onShutdown: functionOption,
  clock: clockOption,
};
/** How long a call may take, and the pause before it is repeated. */
const CALL_MS = 5000;
const RETRY_MS = 1000;
/** The longest description of a game server. */
const MAX_LINE = 2 ** 20;

/**
 * A host as a game server of Agones, by the HTTP of its SDK server: Ready when it starts, well as long as it can say
 * so, Allocated from its first player on, Shutdown when it says so. A call that fails is repeated until it succeeds.
 */
export class Agones {
  readonly #host: RoomHost;
  readonly #url: string;
  readonly #healthMs: number;
  readonly #onShutdown: () => void;
  readonly #clock: Clock;
  readonly #abort = new AbortController();
  #isAllocated = false;
  #isEnding = false;

  /** @throws TypeError, RangeError for wrong options */
  constructor(host: RoomHost, options: AgonesOptions = {}) {
    checkOptions("Agones", options, OPTIONS);
    const { url = `http://127.0.0.1:${process.env.AGONES_SDK_HTTP_PORT ?? 9358}`, healthMs = 2000 } = options;
    this.#host = host;
    this.#url = url.replace(/\/$/, "");
    this.#healthMs = healthMs;
    this.#onShutdown = options.onShutdown ?? (() => {});
    this.#clock = options.clock ?? systemClock;
  }

  /** Says that the host is ready. Call it when the host has started. */
  async start(): Promise<void> {
    const end = this.#host.server.on("authenticated", () => this.#allocate());
    this.#abort.signal.addEventListener("abort", end);
    await this.#insist("/ready");
    void this.#beat();
    void this.#watch();
  }

  /** Says that the game server has ended, and stops. Call it when the host is empty. */
  async shutdown(): Promise<void> {
    this.#isEnding = true;
    await this.#insist("/shutdown");
    this.stop();
  }

  /** Says nothing any more. */
  stop(): void {
    this.#abort.abort();
  }

  async #beat(): Promise<void> {
    while (!this.#abort.signal.aborted) {
      if (this.#host.metrics.players > 0) this.#allocate();
      await this.#post("/health");
      await this.#pause(this.#healthMs);
    }
  }

  #allocate(): void {
    if (this.#isAllocated || this.#isEnding) return;
    this.#isAllocated = true;
    void this.#insist("/allocate");
  }

  /** Follows what Agones says of the game server, one JSON text in each line. */
  async #watch(): Promise<void> {
    while (!this.#abort.signal.aborted) {
      try {
        const response = await fetch(`${this.#url}/watch/gameserver`, { signal: this.#abort.signal });
        let rest = "";
        const decoder = new TextDecoder();
        for await (const bytes of response.body ?? []) {
          const lines = (rest + decoder.decode(bytes as Uint8Array, { stream: true })).split("\n");
          rest = lines.pop() ?? "";
          if (rest.length > MAX_LINE) throw new RangeError("The description of the game server is too long");
          for (const line of lines) this.#heard(line);
        }
      } catch {
        // The SDK server is away, or this has stopped.
      }
      await this.#pause(RETRY_MS);
    }
  }

  #heard(line: string): void {
    let state: unknown;
    try {
      state = JSON.parse(line)?.result?.status?.state;
    } catch {
      return;
    }
    if (state === "Allocated") this.#isAllocated = true;
    if (state !== "Shutdown" || this.#isEnding) return;
    this.#isEnding = true;
    try {
      this.#onShutdown();
    } catch (error) {
      reportUncaught(error);
    }
  }

  /** Repeats a call until it has succeeded. */
  async #insist(path: string): Promise<void> {
    while (!this.#abort.signal.aborted && !(await this.#post(path))) await this.#pause(RETRY_MS);
  }

  /** @returns whether it has succeeded */
  async #post(path: string): Promise<boolean> {
    const call = new AbortController();
    const abort = () => call.abort();
    const timer = this.#clock.setTimeout(abort, CALL_MS);
    this.#abort.signal.addEventListener("abort", abort);
    try {
      const headers = { "content-type": "application/json" };
      const response = await fetch(this.#url + path, { method: "POST", body: "{}", headers, signal: call.signal });
      await response.arrayBuffer();
      return response.ok;
    } catch {
      return false;
    } finally {
      this.#clock.clearTimeout(timer);
      this.#abort.signal.removeEventListener("abort", abort);
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#clock.clearTimeout(timer);
        this.#abort.signal.removeEventListener("abort", done);
        resolve();
      };
      const timer = this.#clock.setTimeout(done, ms);
      this.#abort.signal.addEventListener("abort", done);
      if (this.#abort.signal.aborted) done();
    });
  }
}
