// Two ends of the direct API. `receive <count> <standMs>` reads numbered messages, stands still for `standMs` after
// the first 500, and prints "received <count> in order" or what came in place of it. `send <count> <size> <port>` sends
// them reliably, as fast as GNS takes them; after the first 500 it prints "sending" and waits for a line of input if
// `waits` follows.
import {
  Address,
  ConfigValue,
  ConnectionState,
  ConnectionStatus,
  Library,
  NetworkingSockets,
  SendFlags,
} from "../../dist/index.js";

const FIRST = 500;
const RATE = 100 * 1024 * 1024;
const BUFFER = 64 * 1024 * 1024;
const QUEUE = 16 * 1024 * 1024;
/** A slow machine may need longer than GNS's 10 s. */
const patient = { value: ConfigValue.TimeoutConnected, data: 3_600_000 };
const [role, countText, parameter, port, waits] = process.argv.slice(2);
const count = Number(countText);
Library.initialize();
const sockets = new NetworkingSockets();
const address = new Address();
address.setIPv4("127.0.0.1", Number(port ?? 0));
if (role === "receive") receive(Number(parameter));
else send(Number(parameter));

function ended({ state, endReason, endDebug }) {
  if (state !== ConnectionState.ClosedByPeer && state !== ConnectionState.ProblemDetectedLocally) return false;
  console.log(`ended ${endReason} ${endDebug}`);
  process.exit();
}

function receive(standMs) {
  let next = 0;
  let hasStood = false;
  const listener = sockets.createListenSocket(address, [patient]);
  const take = (data) => {
    const number = new DataView(data.buffer, data.byteOffset).getUint32(0);
    if (number !== next) console.log(`received ${number} in place of ${next}`);
    next = number + 1;
    if (next === count) console.log(`received ${count} in order`);
  };
  sockets.onReadable(() => {
    sockets.dispatchCallbacks(({ connection, connectionInfo }) => {
      if (connectionInfo.state === ConnectionState.Connecting) sockets.acceptConnection(connection);
      else ended(connectionInfo);
    });
    for (;;) {
      const messages = sockets.receiveMessagesOnListenSocket(listener, 256);
      if (messages.length === 0) return;
      for (const message of messages) {
        take(message.data);
        message.destroy();
      }
      if (next < FIRST || hasStood) continue;
      hasStood = true;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, standMs);
    }
  });
  console.log(`port ${sockets.getListenSocketAddress(listener).port}`);
}

function send(size) {
  const rate = [ConfigValue.SendRateMin, ConfigValue.SendRateMax].map((value) => ({ value, data: RATE }));
  const connection = sockets.connect(address, [...rate, patient, { value: ConfigValue.SendBufferSize, data: BUFFER }]);
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
    else console.log("sent");
  };
  sockets.onReadable(() =>
    sockets.dispatchCallbacks(({ connectionInfo }) => {
      if (connectionInfo.state === ConnectionState.Connected) fill();
      else ended(connectionInfo);
    }),
  );
}
