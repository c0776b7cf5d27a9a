// One end of ISteamNetworkingMessages, for test/p2p. The argument is JSON: { identity, options, remote?, messages,
// accept }. With `remote` it writes first. Over IPC: signals as { signal }, { request }, { failed }, one { report },
// and { close }.
import { Library, NetworkingIdentity, NetworkingMessages, NetworkingSockets, SendFlags } from "../../dist/index.js";

const { identity, options, remote, messages: count, accept = true, large = 0 } = JSON.parse(process.argv[2]);

function identityOf(name) {
  const made = new NetworkingIdentity();
  made.setGenericString(name);
  return made;
}

Library.initialize({ identity: identityOf(identity) });
const bugs = [];
Library.setDebugCallback(1, (_type, message) => {
  // That it got no processor for a while tells of the machine.
  if (!/waited \d+ms for lock/.test(message)) bugs.push(message);
});
const sockets = new NetworkingSockets();
for (const { value, data } of options) sockets.setConfigValue(value, data);
const messages = new NetworkingMessages(sockets);
const received = { 0: [], 5: [] };
let requests = 0;
let wakeUps = 0;

function sendAll(to) {
  for (let number = 0; number < count; number++) {
    for (const channel of [0, 5]) {
      const text = `${identity} ${channel} ${number}`;
      const result = messages.sendMessageToUser(identityOf(to), Buffer.from(text), SendFlags.Reliable, channel);
      if (result !== 1) throw new Error(`send gave ${result}`);
    }
  }
  if (large > 0) messages.sendMessageToUser(identityOf(to), new Uint8Array(large).fill(7), SendFlags.Reliable, 9);
}

sockets.onSignal((_connection, _to, data) => process.send({ signal: Buffer.from(data).toString("base64") }));
messages.onSessionRequest((from) => {
  requests++;
  process.send({ request: String(from) });
  if (accept) messages.acceptSessionWithUser(from);
});
messages.onSessionFailed(({ identity: whose, endReason, endDebug }) => {
  process.send({ failed: String(whose), endReason, endDebug });
});
messages.onReadable(() => {
  wakeUps++;
  for (const channel of [0, 5]) {
    // Few at a time: the next wake-up has to bring the rest.
    for (const message of messages.receiveMessagesOnChannel(channel, 3)) {
      const from = message.identity.getGenericString();
      const number = received[channel].length;
      if (Buffer.from(message.data).toString() !== `${from} ${channel} ${number}` || message.channel !== channel) {
        throw new Error(`not message ${number} of channel ${channel}: ${Buffer.from(message.data)}`);
      }
      if (remote === undefined && channel === 0 && number === 0) sendAll(from);
      received[channel].push(from);
      message.destroy();
    }
  }
  for (const message of messages.receiveMessagesOnChannel(9, 1)) {
    process.send({ large: message.length, equal: message.data.every((byte) => byte === 7) });
    message.destroy();
  }
  if (received[0].length === count && received[5].length === count) {
    const peer = identityOf(received[0][0]);
    const info = messages.getSessionConnectionInfo(peer);
    received[0].push("done");
    process.send({
      report: { requests, bugs, wakeUps, state: info?.state, flags: info?.flags, peer: String(info?.identity) },
    });
  }
});
process.on("message", ({ signal, close }) => {
  if (signal !== undefined) {
    sockets.receiveSignal(Buffer.from(signal, "base64"), { allowRequests: true });
  } else if (close !== undefined) {
    const peer = identityOf(close);
    process.send({
      closed: messages.closeSessionWithUser(peer),
      again: messages.closeSessionWithUser(peer),
      info: messages.getSessionConnectionInfo(peer),
    });
  } else {
    messages.destroy();
    messages.destroy();
    const next = new NetworkingMessages(sockets); // another one may have it now
    next.destroy();
    sockets.destroy();
    Library.deinitialize();
    process.exit();
  }
});
process.on("disconnect", () => process.exit());
process.send({ ready: true });
if (remote !== undefined) sendAll(remote);
