// Two ends of the direct API. `receive <count> <standMs>` reads numbered messages, stands still for `standMs` after
// the first 500, and prints "received <count> in order" or what came in place of it. `send <count> <size> <port>` sends
// them reliably, as fast as GNS takes them; after the first 500 it prints "sending" and waits for a line of input if
// `waits` or `far` follows. With `far` it prints "far ahead" when 29,000 packets have left.
// `flood <count> <unreliable> <port>` prints "sending" and waits; then it queues that many unreliable messages of 1100
// bytes, the reliable ones, and 9000 unreliable ones. It prints "stuck" when nothing more leaves, and "acknowledged"
// when the reliable ones are. With `answers`, a receiver sends a byte for each batch that it reads, and prints
// "has <count>" when it gets a line of input.
import {
  Address,
  ConfigValue,
  ConnectionState,
  ConnectionStatus,
  Library,
  NetworkingSockets,
  Result,
  SendFlags,
} from "../../dist/index.js";

const FIRST = 500;
const RATE = 100 * 1024 * 1024;
const BUFFER = 128 * 1024 * 1024;
const QUEUE = 16 * 1024 * 1024;
/** In place of the number of a reliable message. */
const UNRELIABLE = 0xffffffff;
/** A slow machine may need longer than GNS's 10 s. */
const patient = { value: ConfigValue.TimeoutConnected, data: 3_600_000 };
const [role, countText, parameter, port, waits] = process.argv.slice(2);
const count = Number(countText);
Library.initialize();
const sockets = new NetworkingSockets();
const address = new Address();
address.setIPv4("127.0.0.1", role === "receive" ? 0 : Number(port));
if (role === "receive") receive(Number(parameter), port === "answers");
else if (role === "flood") flood(Number(parameter));
else send(Number(parameter));

function ended({ state, endReason, endDebug }) {
  if (state !== ConnectionState.ClosedByPeer && state !== ConnectionState.ProblemDetectedLocally) return false;
  console.log(`ended ${endReason} ${endDebug}`);
  process.exit();
}

function receive(standMs, answers) {
  let next = 0;
  let hasStood = false;
  const listener = sockets.createListenSocket(address, [patient]);
  const take = (data) => {
    const number = new DataView(data.buffer, data.byteOffset).getUint32(0);
    if (number === UNRELIABLE) return;
    if (number !== next) console.log(`received ${number} in place of ${next}`);
    next = number + 1;
    if (next === count) console.log(`received ${count} in order`);
  };
  const read = () => {
    sockets.dispatchCallbacks(({ connection, connectionInfo }) => {
      if (connectionInfo.state === ConnectionState.Connecting) sockets.acceptConnection(connection);
      else ended(connectionInfo);
    });
    for (;;) {
      const messages = sockets.receiveMessagesOnListenSocket(listener, 256);
      if (messages.length === 0) return;
      if (answers) sockets.sendMessage(messages[0].connection, new Uint8Array(1), SendFlags.NoNagle);
      for (const message of messages) {
        take(message.data);
        message.destroy();
      }
      if (next < FIRST || hasStood) continue;
      hasStood = true;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, standMs);
    }
  };
  sockets.onReadable(read);
  if (answers) {
    process.stdin.once("data", () => {
      read();
      console.log(`has ${next}`);
    });
  }
  console.log(`port ${sockets.getListenSocketAddress(listener).port}`);
}

function connect() {
  const rate = [ConfigValue.SendRateMin, ConfigValue.SendRateMax].map((value) => ({ value, data: RATE }));
  return sockets.connect(address, [...rate, patient, { value: ConfigValue.SendBufferSize, data: BUFFER }]);
}

function flood(unreliable) {
  const connection = connect();
  const status = new ConnectionStatus();
  const payload = new Uint8Array(1100);
  const put = (number, flags) => {
    new DataView(payload.buffer).setUint32(0, number);
    if (sockets.sendMessage(connection, payload, flags) !== Result.OK) throw new Error("GNS did not take a message");
  };
  const watch = (before = Number.POSITIVE_INFINITY) => {
    sockets.getQuickConnectionStatus(connection, status);
    const pending = status.pendingUnreliable + status.pendingReliable;
    if (before - pending < 200_000 || pending === 0) console.log("stuck");
    else setTimeout(watch, 100, pending);
  };
  const check = () => {
    sockets.getQuickConnectionStatus(connection, status);
    if (status.pendingReliable + status.sentUnackedReliable > 0) setTimeout(check, 10);
    else console.log("acknowledged");
  };
  const start = () => {
    for (let left = unreliable; left > 0; left--) put(UNRELIABLE, SendFlags.NoNagle);
    for (let number = 0; number < count; number++) put(number, SendFlags.ReliableNoNagle);
    for (let left = 9000; left > 0; left--) put(UNRELIABLE, SendFlags.NoNagle);
    watch();
    check();
  };
  sockets.onReadable(() =>
    sockets.dispatchCallbacks(({ connectionInfo }) => {
      if (ended(connectionInfo) || connectionInfo.state !== ConnectionState.Connected) return;
      console.log("sending");
      process.stdin.once("data", start);
    }),
  );
}

function send(size) {
  const connection = connect();
  const status = new ConnectionStatus();
  const payload = new Uint8Array(size);
  const view = new DataView(payload.buffer);
  let number = 0;
  const fill = () => {
    const until = Math.min(count, number < FIRST ? FIRST : number + 1000);
    sockets.getQuickConnectionStatus(connection, status);
    if (status.pendingReliable + status.sentUnackedReliable < QUEUE) {
      for (; number < until; number++) {
        view.setUint32(0, number);
        sockets.sendMessage(connection, payload, SendFlags.ReliableNoNagle);
      }
    }
    if (number === FIRST && until === FIRST) {
      console.log("sending");
      if (waits) return process.stdin.once("data", () => setImmediate(fill));
    }
    if (number < count) setImmediate(fill);
    else {
      console.log("sent");
      if (waits === "far") watch();
    }
  };
  const watch = () => {
    const [, packets] = /Sent: +([\d,]+) pkts /.exec(sockets.getDetailedConnectionStatus(connection) ?? "") ?? [];
    if (Number(packets?.replaceAll(",", "")) > 29_000) console.log("far ahead");
    else setTimeout(watch, 100);
  };
  sockets.onReadable(() =>
    sockets.dispatchCallbacks(({ connectionInfo }) => {
      if (connectionInfo.state === ConnectionState.Connected) fill();
      else ended(connectionInfo);
    }),
  );
}
