import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { SendFlags } from "valve-sockets";
import { report } from "./report.mjs";

/** SHA-256 over every message's length (u32, little-endian) and bytes, as in gns-peer. */
class TransferHash {
  #hash = createHash("sha256");
  #length = Buffer.alloc(4);

  add(data) {
    this.#length.writeUInt32LE(data.length);
    this.#hash.update(this.#length).update(data);
  }

  hex() {
    return this.#hash.digest("hex");
  }
}

function readSizes(path) {
  const file = readFileSync(path);
  return Array.from({ length: file.length / 4 }, (_, index) => file.readUInt32LE(index * 4));
}

/** xorshift32: content that no two messages share. */
function fill(payload, state) {
  let next = state;
  for (let i = 0; i < payload.length; i++) {
    next ^= next << 13;
    next ^= next >>> 17;
    next ^= next << 5;
    payload[i] = next;
  }
  return next;
}

/** The receiver opens with an empty message and ends with another one: see gns-peer for why. */
const signal = new Uint8Array(0);

function join(driver, { connect, port }) {
  if (connect) driver.connect(connect);
  else driver.listen(port);
}

/** Sends one reliable message for each size; what GNS refuses waits until its send buffer is half empty. */
export function runSend(driver, options) {
  const sizes = readSizes(options.sizes);
  const hash = new TransferHash();
  const lowWaterBytes = (options.buffer ?? 524_288) / 2;
  let state = options.seed ?? 1;
  let next = 0;
  let bytes = 0;
  let refused = 0;
  let connection = 0;
  let payload = null;
  let isDone = false;

  const sendMore = () => {
    while (next < sizes.length) {
      if (payload === null) {
        payload = new Uint8Array(sizes[next]);
        state = fill(payload, state);
        hash.add(payload);
      }
      if (!driver.send(connection, payload, SendFlags.ReliableNoNagle)) {
        refused++;
        driver.sockets.watchDrain(connection, lowWaterBytes);
        return;
      }
      bytes += payload.length;
      payload = null;
      next++;
    }
  };
  driver.onMessage = (message) => {
    if (connection === 0) {
      connection = message.connection;
      return sendMore();
    }
    isDone = true;
    report("result", { count: next, bytes, refused, hash: hash.hex() });
    driver.close(connection, false);
    driver.stopListening();
  };
  driver.onTurn = () => {
    if (driver.sockets.takeDrained().length > 0) sendMore();
  };
  driver.onClosed = (_, info) => {
    if (!isDone) throw new Error(`connection lost: ${info.endDebug}`);
  };
  join(driver, options);
}

/** Receives `count` reliable messages and reports their hash. */
export function runReceive(driver, options) {
  const { count: expected = 1 } = options;
  const hash = new TransferHash();
  let count = 0;
  let bytes = 0;
  driver.onConnected = (connection) => driver.send(connection, signal, SendFlags.ReliableNoNagle);
  driver.onMessage = (message) => {
    hash.add(message.data);
    count++;
    bytes += message.length;
    if (count < expected) return;
    report("result", { count, bytes, hash: hash.hex() });
    driver.send(message.connection, signal, SendFlags.ReliableNoNagle);
    driver.close(message.connection);
    driver.stopListening();
  };
  driver.onClosed = (_, info) => {
    if (count < expected) throw new Error(`connection lost: ${info.endDebug}`);
  };
  join(driver, options);
}
