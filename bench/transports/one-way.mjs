import { Meter } from "../peer/meter.mjs";
import { report } from "../peer/report.mjs";

/** Messages that are sent before the event loop has its turn. */
const BATCH = 64;

/** Counts what arrives: `warmup` after the first message, for `seconds`. */
export async function sink({ listen }, { warmup = 0.5, seconds = 1, ...options }) {
  const meter = new Meter();
  let hasBegun = false;
  const begin = () => {
    hasBegun = true;
    setTimeout(() => {
      meter.start();
      setTimeout(() => report("result", meter.read()), seconds * 1000);
    }, warmup * 1000);
  };
  const place = await listen((_link, _buffer, _offset, length) => {
    if (!hasBegun) begin();
    meter.count++;
    meter.bytes += length;
  }, options);
  report("listening", place);
}

/**
 * Sends as fast as it may, with `in-flight` messages not acknowledged at most; `warmup` later, what `seconds` of it
 * cost.
 */
export async function flood({ connect }, { size = 64, warmup = 0.5, seconds = 1, ...options }) {
  const payload = new Uint8Array(size).fill(120);
  const inFlightBytes = (options["in-flight"] ?? 2 ** 30) * size;
  const meter = new Meter();
  const link = await connect(() => {}, options);
  const turn = () => {
    if (link.bufferedBytes > inFlightBytes - BATCH * size) {
      setTimeout(turn, 1);
      return;
    }
    for (let index = 0; index < BATCH; index++) {
      if (!link.send(payload, 0, size)) return; // onDrain follows
      meter.count++;
    }
    setImmediate(turn);
  };
  link.onDrain = turn;
  turn();
  setTimeout(() => {
    meter.start();
    setTimeout(() => report("result", { ...meter.read(), packetBytes: link.packetBytes }), seconds * 1000);
  }, warmup * 1000);
}
