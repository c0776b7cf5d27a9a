import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import * as files from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { defineProtocol, NetworkServer } from "../../lib/message/index.js";
import { TraceFile } from "../../lib/message/trace-file.js";

const protocol = defineProtocol({ name: "traced", version: 1, messages: [] });
let folder = "";
let path = "";
beforeEach(() => {
  folder = files.mkdtempSync(join(tmpdir(), "valve-sockets-"));
  path = join(folder, "trace.jsonl");
});
afterEach(() => files.rmSync(folder, { recursive: true }));

const linesOf = (name: string) => files.readFileSync(name, "utf8").trimEnd().split("\n");

test.each([
  ["packets", "", []],
  ["connections", "", []],
  ["packet", "", ['valve-sockets: VALVE_SOCKETS_TRACE_DETAIL is "packets" or "connections", and not "packet"']],
  ["packet", null, []], // nothing is traced
])("the detail %s of the environment, with a trace %j, warns of what it does not know", (detail, sink, warnings) => {
  vi.stubEnv("VALVE_SOCKETS_TRACE_DETAIL", detail);
  onTestFinished(() => void vi.unstubAllEnvs());
  const told: string[] = [];
  const logger = { warn: (text: string) => void told.push(text) };
  new NetworkServer({ protocol, trace: sink === null ? null : () => {}, logger });
  expect(told).toEqual(warnings);
});

describe("a file", () => {
  test("that is full becomes an older one, and the newest lines are there", () => {
    const trace = new TraceFile(files, path, 100);
    for (let index = 1; index <= 35; index++) trace.write(`line ${String(index).padStart(4, "0")}`);
    expect(linesOf(path)).toEqual(["line 0031", "line 0032", "line 0033", "line 0034", "line 0035"]);
    expect(linesOf(`${path}.1`)[0]).toBe("line 0021");
    expect(linesOf(`${path}.1`)).toHaveLength(10);
    expect(files.readdirSync(folder).sort()).toEqual(["trace.jsonl", "trace.jsonl.1"]);
  });

  test("of an earlier process counts with what it has", () => {
    files.writeFileSync(path, "x".repeat(95));
    new TraceFile(files, path, 100).write("line 0001");
    expect(linesOf(path)).toEqual(["line 0001"]);
    expect(files.statSync(`${path}.1`).size).toBe(95);
  });

  test("that another process has renamed is not renamed again", () => {
    const [one, other] = [new TraceFile(files, path, 20), new TraceFile(files, path, 20)];
    one.write("line 0001");
    other.write("line 0002");
    one.write("line 0003"); // sees its own 10 bytes only
    other.write("line 0004");
    one.write("line 0005");
    other.write("line 0006");
    expect([...linesOf(`${path}.1`), ...linesOf(path)]).toEqual(expect.arrayContaining(["line 0005", "line 0006"]));
    expect(files.readdirSync(folder)).toHaveLength(2);
  });

  test("takes a line that is longer than the limit", () => {
    const trace = new TraceFile(files, path, 10);
    trace.write("x".repeat(30));
    trace.write("y".repeat(30));
    expect([linesOf(`${path}.1`)[0]?.[0], linesOf(path)[0]?.[0]]).toEqual(["x", "y"]);
  });
});

describe.skipIf(process.platform === "win32")("a pipe", () => {
  beforeEach(() => execFileSync("mkfifo", [path]));

  test("without a reader holds up nobody, and a warning tells of it once in a process", async () => {
    process.env.VALVE_SOCKETS_TRACE = path;
    const warnings: unknown[][] = [];
    const logger = { warn: (...words: unknown[]) => void warnings.push(words) };
    try {
      for (let count = 0; count < 3; count++) {
        const server = new NetworkServer({ protocol, listen: false, logger });
        await server.start();
        await server.stop();
      }
    } finally {
      delete process.env.VALVE_SOCKETS_TRACE;
    }
    const text = "valve-sockets: the trace cannot be written, and ends";
    expect(warnings).toEqual([[text, expect.objectContaining({ code: "ENXIO" })]]);
  });

  test("that is full is not waited for, and takes whole lines when it is read again", async () => {
    const reader = files.openSync(path, files.constants.O_RDONLY | files.constants.O_NONBLOCK);
    const trace = new TraceFile(files, path, 100);
    for (let index = 0; index < 20_000; index++) trace.write(`line ${String(index).padStart(7, "0")}`);
    const buffer = Buffer.alloc(2 ** 20);
    const text = buffer.toString("latin1", 0, files.readSync(reader, buffer));
    expect(text).toMatch(/^(line \d{7}\n)+$/);
    trace.write("after");
    expect(buffer.toString("latin1", 0, files.readSync(reader, buffer))).toBe("after\n");
    files.closeSync(reader);
    expect(() => trace.write("nobody reads")).toThrow(expect.objectContaining({ code: "EPIPE" }));
  });

  test("with a reader of another process gets the lines", async () => {
    const reader = spawn("cat", [path], { stdio: ["ignore", "pipe", "inherit"] });
    const lines = createInterface({ input: reader.stdout });
    const first = once(lines, "line");
    for (;;) {
      try {
        new TraceFile(files, path).write("hello");
        break;
      } catch {
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    expect(await first).toEqual(["hello"]);
    reader.kill();
    await once(reader, "exit");
  });
});
