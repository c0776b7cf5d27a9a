import { TraceReader } from "../../message/trace-reader.js";
import { Timeline, text } from "./timeline.js";

/** What a file may have. The rest of it is left out. */
const MAX_FILE_BYTES = 64 * 2 ** 20;
const MAX_CONNECTIONS = 1000;
const MAX_LINE_LENGTH = 10_000;

/** A connection of a trace file. */
export interface TracedTimeline {
  readonly title: string;
  readonly timeline: Timeline;
}

/**
 * Reads the lines of a trace: by the name of each connection, such as `server-1/7`, its timeline. What is none of a
 * trace is counted, and so is what is too much.
 */
export class TraceLines {
  readonly connections = new Map<string, TracedTimeline>();
  leftOut = 0;
  readonly #reader = new TraceReader(MAX_CONNECTIONS);

  read(line: string): void {
    const record = line.length > MAX_LINE_LENGTH ? null : this.#reader.read(line);
    if (!record) {
      if (line.length > MAX_LINE_LENGTH) this.leftOut++;
      return;
    }
    const name = text(record.connection);
    const known = this.connections.get(name);
    if (!known && this.connections.size >= MAX_CONNECTIONS) {
      this.leftOut++;
      return;
    }
    const one = known ?? { title: titleOf(name, record.data), timeline: new Timeline() };
    if (!known) this.connections.set(name, one);
    one.timeline.add({ ms: record.seconds * 1000, name: text(record.event), data: record.data });
  }

  /** Lines that are none of a trace, or too much. */
  get unread(): number {
    return this.leftOut + this.#reader.unread;
  }
}

const titleOf = (name: string, { address, transport }: Readonly<Record<string, unknown>>) =>
  [name, text(transport), text(address)].filter((part) => part !== "").join(" ");

/** Reads a trace file. @throws Error for one that has no line of a trace */
export async function readTraceFile(file: Blob): Promise<TraceLines> {
  const trace = new TraceLines();
  let rest = "";
  const decoder = new TextDecoder();
  const reader = file.slice(0, MAX_FILE_BYTES).stream().getReader();
  for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
    const lines = (rest + decoder.decode(chunk.value, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    // A line without an end would be kept whole.
    if (rest.length > MAX_LINE_LENGTH) rest = rest.slice(0, MAX_LINE_LENGTH + 1);
    for (const line of lines) trace.read(line);
  }
  if (rest !== "") trace.read(rest);
  if (trace.connections.size === 0) throw new Error("No line of the file is one of a trace");
  return trace;
}
