import type { Source } from "./source.js";
import { Timeline } from "./timeline.js";
import { readTraceFile, type TraceLines } from "./trace-file.js";

/** A connection that can be shown. */
interface Choice {
  readonly value: string;
  readonly label: string;
}

/** Where the timeline on the page comes from: a connection that is recorded now, or one of a file. */
export class TimelineSource {
  /** Null: nothing is chosen. */
  timeline: Timeline | null = null;
  title = "";
  file: { readonly name: string; readonly trace: TraceLines; chosen: string } | null = null;
  readonly #source: Source;
  #player: number | null = null;
  #next = 0;

  constructor(source: Source) {
    this.#source = source;
  }

  get choices(): readonly Choice[] {
    return [...(this.file?.trace.connections ?? [])].map(([value, { title }]) => ({ value, label: title }));
  }

  /** Asks what has happened to a connection since the last time. A file that is open stays. */
  async poll(player: number | null): Promise<void> {
    if (this.file) return;
    if (player !== this.#player) this.#reset(player);
    if (player === null) return;
    const { address, transport, first, next, events } = await this.#source.timeline(player, this.#next);
    if (this.file || player !== this.#player) return;
    this.timeline ??= new Timeline();
    this.title = `Player ${player}, ${transport}, ${address}`;
    this.timeline.leftOut += first - this.#next;
    this.#next = next;
    for (const [ms, name, data] of events) this.timeline.add({ ms, name, data: { ...data } });
  }

  /** @throws Error for a file that is no trace */
  async open(file: File): Promise<void> {
    const trace = await readTraceFile(file);
    this.file = { name: file.name, trace, chosen: "" };
    this.choose([...trace.connections.keys()][0] as string);
  }

  /** Another connection of the file. */
  choose(name: string): void {
    const one = this.file?.trace.connections.get(name);
    if (!this.file || !one) return;
    this.file.chosen = name;
    this.timeline = one.timeline;
    this.title = one.title;
  }

  close(): void {
    this.file = null;
    this.#reset(null);
  }

  #reset(player: number | null): void {
    this.#player = player;
    this.#next = 0;
    this.timeline = null;
  }
}
