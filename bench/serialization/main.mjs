// node main.mjs <side> --message <name> --seconds <n>: one sample of one side, in a process of its own.
import { parseArgs } from "node:util";
import { NetworkWriter } from "../../dist/serialization/index.js";
import { median } from "../harness/pairs.mjs";
import { report, reportError } from "../peer/report.mjs";
import { numbers, values } from "./messages.mjs";
import { packers, sides } from "./sides.mjs";

const kept = new Array(16);
let next = 0;
/** Keeps a value for a while, so that nobody can leave its making out. */
const keep = (value) => {
  kept[next++ & 15] = value;
};

/** The median over chunks of the nanoseconds of one call of `each(index)`. */
function nanoseconds(each, seconds) {
  let calls = 1;
  const chunk = () => {
    const start = process.hrtime.bigint();
    for (let index = 0; index < calls; index++) each(index & 255);
    return Number(process.hrtime.bigint() - start);
  };
  // Chunks of about a millisecond, once it is warm.
  const warmUntil = performance.now() + seconds * 500;
  while (performance.now() < warmUntil) if (chunk() < 1e6) calls = Math.min(calls * 2, 2 ** 20);
  const samples = [];
  const until = performance.now() + seconds * 1000;
  while (performance.now() < until) samples.push(chunk() / calls);
  return median(samples);
}

/** Heap bytes of one call, when no collection comes in between. */
function heapBytes(each) {
  const calls = 2000;
  const samples = [];
  for (let round = 0; round < 60; round++) {
    globalThis.gc();
    const before = process.memoryUsage().heapUsed;
    for (let index = 0; index < calls; index++) each(index & 255);
    samples.push((process.memoryUsage().heapUsed - before) / calls);
  }
  return median(samples.slice(20));
}

function measureMessage(side, message, seconds) {
  const { pack, unpack } = sides[side](message);
  const messages = values[message];
  // The first message of a side may carry what is sent once, such as the names of fields.
  pack(messages.at(-1));
  const packed = messages.map((value) => Uint8Array.from(pack(value)));
  const bytes = packed.reduce((sum, { length }) => sum + length, 0) / packed.length;
  return {
    bytes,
    pack: nanoseconds((index) => keep(pack(messages[index])), seconds),
    unpack: nanoseconds((index) => keep(unpack(packed[index])), seconds),
  };
}

/** What decoding a movement costs, and what the object that comes out of it costs alone. */
function measureHeap(side, message) {
  const { pack, unpack } = sides[side](message);
  const messages = values[message];
  const packed = messages.map((value) => Uint8Array.from(pack(value)));
  return {
    heap: heapBytes((index) => keep(unpack(packed[index]))),
    object: heapBytes((index) => {
      const { sequence, x, y, heading, firing } = messages[index];
      keep({ sequence, x: x + index, y: y + index, heading: heading + index, firing });
    }),
  };
}

function measurePacker(side, name, seconds) {
  const { codec, bytes, set } = packers[name];
  const list = numbers[name];
  const writer = new NetworkWriter({ sizeBytes: 4096 });
  const view = new DataView(new ArrayBuffer(4096));
  const all = {
    ours() {
      writer.reset();
      for (const value of list) codec.write(writer, value);
      return writer.byteLength;
    },
    DataView() {
      for (let index = 0; index < list.length; index++) set(view, index * bytes, list[index]);
      return list.length * bytes;
    },
  }[side];
  return { bytes: all() / list.length, pack: nanoseconds(() => keep(all()), seconds) / list.length };
}

try {
  const text = { type: "string" };
  const options = { message: text, packer: text, heap: text, seconds: text };
  const { values: given, positionals } = parseArgs({ allowPositionals: true, options });
  const [side] = positionals;
  const measure = given.packer ? measurePacker : given.heap ? measureHeap : measureMessage;
  report("result", measure(side, given.packer ?? given.heap ?? given.message, Number(given.seconds)));
} catch (error) {
  reportError(error);
}
