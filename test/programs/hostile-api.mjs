// Calls every method of the public classes with hostile values, before initialize, with live connections and after
// deinitialize. Prints what it called and what failed in a wrong way.
import * as api from "../../dist/index.js";
import { hostileValues, isProperError } from "../support/hostile-values.mjs";

const { Address, ConnectionInfo, ConnectionStatus, Library, MessageBatch, NetworkingIdentity } = api;
const { NetworkingSockets, OutgoingBatch, SocketPair, StringBuilder } = api;

const report = { calls: 0, threw: 0, methods: 0, wrong: [], harmed: [] };

function attempt(what, call) {
  report.calls++;
  try {
    const result = call();
    // A method that answers later may refuse later; an iterator is asked once.
    if (typeof result?.then === "function") result.then(undefined, () => {});
  } catch (error) {
    report.threw++;
    if (!isProperError(error)) report.wrong.push(`${what}: ${error?.stack ?? error}`);
  }
}

function methodsOf(object) {
  const names = new Set();
  for (let of = object; of !== null && of !== Object.prototype; of = Object.getPrototypeOf(of)) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(of))) {
      if (typeof value === "function" && name !== "constructor") names.add(name);
    }
  }
  return [...names].sort();
}

/** Arguments that are in order, by method, where hostile ones alone would not get far. */
const address = new Address();
address.setIPv4("127.0.0.1", 0);
const somebody = new NetworkingIdentity();
somebody.setGenericString("somebody");
/** A P2P connection that finds no candidate, so that nothing leaves this machine. */
const quiet = [
  { value: 104, data: 1 },
  { value: 107, data: "127.0.0.1:9" },
];
const builder = new StringBuilder();
const valid = {
  createListenSocket: () => [address, []],
  connect: () => [address, []],
  closeConnection: (w) => [w.one, 0, "", false],
  closeListenSocket: (w) => [w.socket, 0, ""],
  createSocketPair: () => [new SocketPair(), false, null, null],
  getListenSocketAddress: (w) => [w.socket, new Address()],
  dispatchCallback: () => [() => {}, 1],
  dispatchCallbacks: () => [() => {}, 1, 5],
  onReadable: () => [() => {}],
  sendMessageToConnection: (w) => [w.one, new Uint8Array(3), 0],
  sendMessage: (w) => [w.one, new Uint8Array(3), 0],
  receiveMessagesOnConnection: (w) => [w.two, [], 5],
  receiveMessagesOnListenSocket: (w) => [w.socket, [], 5],
  receiveMessagesOnPollGroup: (w) => [w.group, [], 5],
  setConnectionPollGroup: (w) => [w.group, w.one],
  receiveBatch: (w) => [0, w.two, new MessageBatch()],
  sendBatch: () => [new OutgoingBatch()],
  getConnectionInfo: (w) => [w.one, new ConnectionInfo()],
  getQuickConnectionStatus: (w) => [w.one, new ConnectionStatus()],
  getDetailedConnectionStatus: (w) => [w.one, builder, 100],
  getConnectionDebugText: (w) => [w.one, builder, 100],
  getConnectionName: (w) => [w.one, builder, 100],
  setConnectionName: (w) => [w.one, "name"],
  setConnectionUserData: (w) => [w.one, 1n],
  setConfigurationValue: () => [12, 1],
  setConnectionConfigurationValue: (w) => [w.one, 12, 1],
  getConnectionConfigurationValue: (w) => [w.one, 12],
  getConfigurationString: () => [0, builder, 10],
  setConfigurationString: () => [0, "x"],
  setConfigValue: (w) => [12, 1, 4, w.one],
  getConfigValue: (w) => [12, 4, w.one],
  setIPv4: () => ["127.0.0.1", 1],
  setIPv6: () => ["::1", 1],
  setAddress: () => ["::1", 1],
  equals: () => [address],
  setDebugCallback: () => [8, () => {}],
  connectP2P: () => [null, { options: quiet }],
  createListenSocketP2P: () => [1, quiet],
  onSignal: () => [() => {}],
  receiveSignal: () => [new Uint8Array(30), { allowRequests: false }],
  getIdentity: () => [new NetworkingIdentity()],
  setCertificate: () => [new Uint8Array(30)],
  addCertificateAuthority: () => ["AAAA"],
  sendMessageToUser: () => [somebody, new Uint8Array(3), 8, 0],
  receiveMessagesOnChannel: () => [0, [], 5],
  acceptSessionWithUser: () => [somebody],
  closeSessionWithUser: () => [somebody],
  closeChannelWithUser: () => [somebody, 0],
  getSessionConnectionInfo: () => [somebody, new ConnectionInfo()],
  onSessionRequest: () => [() => {}],
  onSessionFailed: () => [() => {}],
  initialize: () => [{ driver: "auto" }, builder],
  add: () => [1, new Uint8Array(3), 0, 0],
  reserve: () => [1, 3, 0, 0],
};
/** These end the object, or the library, that the others need, or call hostile callbacks at once. */
const ending = ["destroy", "close", "deinitialize", "resetIdentity", "wake"];

function torment(title, object, makeWorld, restore = () => {}) {
  for (const name of methodsOf(object)) {
    if (ending.includes(name)) continue;
    if (makeWorld !== null) report.methods++;
    const template = Object.hasOwn(valid, name) ? valid[name] : (w) => [w.one];
    let w = makeWorld === null ? { one: 1, two: 2, socket: 3, group: 4 } : makeWorld();
    const arity = Math.max(template(w).length, object[name].length);
    for (let at = 0; at <= arity; at++) {
      for (const [what, value] of hostileValues()) {
        attempt(`${title}.${name} argument ${at} = ${what}`, () => {
          const parameters = template(w);
          parameters[at] = value;
          return object[name](...parameters);
        });
        restore();
      }
      if (makeWorld !== null) w = makeWorld();
    }
    for (const [what, value] of hostileValues()) {
      attempt(`${title}.${name} all arguments = ${what}`, () => object[name](...new Array(arity + 1).fill(value)));
      restore();
    }
    attempt(`${title}.${name}()`, () => object[name]());
    if (makeWorld !== null) report.harmed.push(...w.harmed());
  }
}

function constructors() {
  for (const type of [Address, MessageBatch, NetworkingIdentity, NetworkingSockets, OutgoingBatch, StringBuilder]) {
    const { name } = type;
    for (const [what, value] of hostileValues()) {
      attempt(`new ${name}(${what})`, () => new type(value));
      attempt(`new ${name}({ … ${what} })`, () => new type({ random: value, sizeBytes: value, maxMessages: value }));
    }
  }
}

function plainObjects() {
  const none = () => ({ one: 1, two: 2, socket: 3, group: 4, harmed: () => [] });
  torment("Address", new Address(), none);
  torment("NetworkingIdentity", new NetworkingIdentity(), none);
  torment("StringBuilder", new StringBuilder(), none);
  torment("MessageBatch", new MessageBatch(), none);
  const batch = new OutgoingBatch();
  torment("OutgoingBatch", batch, none, () => {
    batch.clear();
  });
  for (const [what, value] of hostileValues()) attempt(`parseIP(${what})`, () => api.parseIP(value));
}

console.log("before initialize");
constructors();
Library.initialize();
const sockets = new NetworkingSockets();
Library.deinitialize();
torment("NetworkingSockets", sockets, null);

console.log("alive");
Library.initialize();
const stranger = new NetworkingSockets();
const bystander = stranger.createSocketPair();
for (const { value, data } of quiet) stranger.setConfigValue(value, data);
const world = () => ({ one: 1, two: 2, socket: 3, group: 4, harmed: () => [] });
torment("NetworkingMessages", new api.NetworkingMessages(stranger), world);
let made = [];
torment("NetworkingSockets", sockets, () => {
  for (const old of made) sockets.closeConnection(old);
  sockets.dispatchCallbacks(() => {});
  const pair = sockets.createSocketPair();
  const socket = sockets.createListenSocket(address);
  const group = sockets.createPollGroup();
  made = [pair.connectionOne, pair.connectionTwo];
  const harmed = () => {
    const isWell = stranger.getConnectionInfo(bystander.connectionOne)?.state === api.ConnectionState.Connected;
    sockets.closeListenSocket(socket);
    sockets.destroyPollGroup(group);
    return isWell ? [] : ["bystander"];
  };
  return { one: pair.connectionOne, two: pair.connectionTwo, socket, group, harmed };
});
constructors();
plainObjects();
torment("Library", Library, () => ({ one: 1, harmed: () => [] }));

console.log("deinitialized");
while (Library.statistics.driver !== "none") Library.deinitialize();
torment("NetworkingSockets", sockets, null);
Library.initialize();
sockets.destroy();
torment("NetworkingSockets", sockets, null);
while (Library.statistics.driver !== "none") Library.deinitialize();
console.log(`report ${JSON.stringify(report)}`);
process.exit(0);
