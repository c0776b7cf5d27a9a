import { whenAborted } from "../abort-signals.js";
import { systemClock } from "../clock.js";
import { NetworkClient, type NetworkClientOptions } from "../message/index.js";
import { LatencyCounts } from "./latency-counts.js";

/** So many bots connect at the same time: more would be strangers at the server's door in one instant. */
const CONNECTING_AT_ONCE = 20;

/** What a bot has while it plays. */
export interface BotContext {
  /** Connected. */
  readonly client: NetworkClient;
  /** From 0. */
  readonly index: number;
  /** Aborted when the time is over. */
  readonly signal: AbortSignal;
  /** Counts how long a promise takes, and whether it fails. It resolves with undefined for one that fails. */
  measure<T>(promise: Promise<T>): Promise<T | undefined>;
  /** What `prepare` of the script has given. */
  readonly prepared: unknown;
}

/** Is called before a bot's client connects: the managers of objects and rooms are made then. */
export type Prepare = (client: NetworkClient, index: number) => unknown;

/** Plays until it returns, at the latest until `signal` is aborted. */
export type Bot = (context: BotContext) => void | Promise<void>;

export interface LoadOptions {
  readonly bots: number;
  readonly seconds: number;
  readonly client: NetworkClientOptions;
  readonly server: { readonly host: string; readonly port: number };
  readonly prepare?: Prepare | undefined;
  readonly bot: Bot;
}

/** What has come out so far. */
export interface LoadFigures {
  seconds: number;
  connected: number;
  /** Bots whose connection did not come about or ended too early. */
  lost: number;
  answers: number;
  failures: number;
  /** Milliseconds; null without any answer. */
  roundTripMs: { p50: number | null; p99: number | null; max: number | null };
  /** The code of each error, and how often it came. */
  errors: Record<string, number>;
}

/** Bots that connect, play for some time, and leave. */
export class LoadRun {
  readonly #options: LoadOptions;
  readonly #latency = new LatencyCounts();
  readonly #errors = new Map<string, number>();
  /** The text of the first error of each code. */
  readonly firstTexts = new Map<string, string>();
  readonly #end = new AbortController();
  #startMs = 0;
  #connected = 0;
  #lost = 0;
  #failures = 0;

  constructor(options: LoadOptions) {
    this.#options = options;
  }

  get figures(): LoadFigures {
    const latency = this.#latency;
    return {
      seconds: this.#startMs === 0 ? 0 : Math.round((systemClock.now() - this.#startMs) / 100) / 10,
      connected: this.#connected,
      lost: this.#lost,
      answers: latency.total,
      failures: this.#failures,
      roundTripMs: { p50: latency.quantile(0.5), p99: latency.quantile(0.99), max: latency.quantile(1) },
      errors: Object.fromEntries(this.#errors),
    };
  }

  /** Ends it before its time. */
  stop(): void {
    this.#end.abort();
  }

  async run(): Promise<LoadFigures> {
    const { bots, seconds } = this.#options;
    this.#startMs = systemClock.now();
    const timer = systemClock.setTimeout(() => this.stop(), seconds * 1000);
    let next = 0;
    const playing: Promise<void>[] = [];
    const connectSome = async () => {
      while (next < bots && !this.#end.signal.aborted) {
        const index = next++;
        const context = await this.#connect(index);
        if (context) playing.push(this.#play(context));
      }
    };
    try {
      await Promise.all(Array.from({ length: Math.min(bots, CONNECTING_AT_ONCE) }, connectSome));
      await Promise.all(playing);
    } finally {
      systemClock.clearTimeout(timer);
    }
    return this.figures;
  }

  async #connect(index: number): Promise<BotContext | null> {
    const { client: options, server, prepare } = this.#options;
    const { signal } = this.#end;
    const client = new NetworkClient({ ...options, resume: false });
    try {
      const prepared = await prepare?.(client, index);
      await client.connect({ ...server, signal });
      this.#connected++;
      return { client, index, signal, prepared, measure: (promise) => this.#measure(promise) };
    } catch (error) {
      this.#countLost(signal.aborted ? { code: "no connection before the end" } : error);
      return null;
    }
  }

  async #play(context: BotContext): Promise<void> {
    const { client, signal } = context;
    const stopListening = client.on("disconnected", ({ text }) => {
      if (!signal.aborted) this.#countLost({ code: text || "disconnected" });
    });
    try {
      await Promise.race([this.#options.bot(context), untilAborted(signal)]);
    } catch (error) {
      if (!signal.aborted) this.#countError(error);
    }
    stopListening();
    await client.disconnect();
  }

  async #measure<T>(promise: Promise<T>): Promise<T | undefined> {
    const startMs = systemClock.now();
    try {
      const value = await promise;
      this.#latency.add(systemClock.now() - startMs);
      return value;
    } catch (error) {
      if (!this.#end.signal.aborted) this.#countError(error);
      return undefined;
    }
  }

  #countLost(error: unknown): void {
    this.#lost++;
    this.#count(error);
  }

  #countError(error: unknown): void {
    this.#failures++;
    this.#count(error);
  }

  #count(error: unknown): void {
    const { code, message } = (error ?? {}) as { code?: string; message?: string };
    const name = code ?? message ?? String(error);
    // Texts are the server's own: there is an end to how many of them are kept.
    const kept = this.#errors.has(name) || this.#errors.size < 50 ? name : "others";
    this.#errors.set(kept, (this.#errors.get(kept) ?? 0) + 1);
    if (code !== undefined && message && !this.firstTexts.has(kept)) this.firstTexts.set(kept, message);
  }
}

const untilAborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else whenAborted(signal, resolve);
  });
