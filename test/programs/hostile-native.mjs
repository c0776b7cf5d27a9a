// Calls every function of the addon with hostile values, before initialize, with live connections, and after
// deinitialize. Prints what it called, what failed in a wrong way, and which functions it does not know.
import { NativeDriver, native } from "../../dist/addon/native.js";
import { hostileValues, isProperError } from "../support/hostile-values.mjs";

const [driver = "0"] = process.argv.slice(2);
const loopback = new Uint8Array(16).fill(255, 10, 12);
loopback.set([127, 0, 0, 1], 12);
const text = new Uint8Array(13);
new Int32Array(text.buffer, 0, 2).set([2, 5]);
text.set(new TextEncoder().encode("mine\0"), 8);

/** Owners with something of each kind, and handles that belong to somebody else or to nobody. */
function world() {
  const [owner, stranger] = [native.createOwner(), native.createOwner()];
  const [one, two] = native.createSocketPair(owner, false, null, null);
  const [foreign] = native.createSocketPair(stranger, false, null, null);
  let socket = 0;
  for (let port = 50_000; socket === 0 && port < 65_000; port += 7) {
    socket = native.createListenSocket(owner, loopback, port, []);
  }
  const stale = native.connect(owner, loopback, 9, []);
  native.closeConnection(owner, stale, 0, "", 0);
  const group = native.createPollGroup(owner);
  const udp = native.openUdp(true, loopback, 0, 0, false, 65_536, 0, false);
  const cipher = native.createAesGcm(new Uint8Array(32));
  const handles = [
    ["stale handle", stale],
    ["handle of another owner", foreign],
    ["forged handle", (foreign ^ 0x10000) >>> 0],
    ["forged handle of one's own", (one ^ 0x40000000) >>> 0],
    ["low 16 bits", one & 0xffff],
    ["listen socket", socket],
    ["poll group", group],
  ];
  return { owner, stranger, one, two, foreign, socket, group, udp, cipher, handles };
}

/** Whether no call has ended anything of this world yet; making a world takes most of the time of this program. */
function isIntact({ owner, stranger, one, two, foreign, socket, group, udp, cipher }) {
  try {
    return (
      [one, two].every((connection) => native.getConnectionInfo(owner, connection)?.state === 3) &&
      native.getConnectionInfo(stranger, foreign)?.state === 3 &&
      native.getListenSocketAddress(owner, socket) !== null &&
      native.setConnectionPollGroup(owner, one, group) &&
      native.getUdpPort(udp) > 0 &&
      native.sealAesGcm(cipher, 1, 0, bytes(), 0, 8, 40) !== undefined
    );
  } catch {
    return false;
  }
}

function end({ owner, stranger, udp, cipher }) {
  native.destroyOwner(owner);
  native.destroyOwner(stranger);
  native.closeUdp(udp);
  native.destroyAesGcm(cipher);
}

const bytes = () => new Uint8Array(64);
const slab = () => new Uint8Array(4096);
/** A call of each function that is in order. */
const calls = {
  initialize: () => [0, true, null, 0, false],
  deinitialize: () => [],
  initializeCount: () => [],
  tearDown: () => [],
  time: () => [],
  setDebugCallback: () => [8, () => {}],
  takeErrorLines: () => [],
  statistics: () => [],
  setWake: () => [() => {}],
  createOwner: () => [],
  destroyOwner: (w) => [w.owner],
  setReadable: (w) => [w.owner, true],
  setReferenced: (w) => [w.owner, w.one, true],
  createListenSocket: (w) => [w.owner, loopback, 1, []],
  connect: (w) => [w.owner, loopback, 9, []],
  acceptConnection: (w) => [w.owner, w.one],
  closeConnection: (w) => [w.owner, w.one, 1000, "", 0],
  closeListenSocket: (w) => [w.owner, w.socket, 1000, ""],
  createSocketPair: (w) => [w.owner, false, null, text],
  send: (w) => [w.owner, w.one, bytes(), 8],
  sendBatch: (w) => [w.owner, slab(), 1, new Float64Array(4)],
  sendToMany: (w) => [w.owner, new Uint32Array([w.one, w.two]), 2, bytes(), 8, 0, new Float64Array(2)],
  watchDrain: (w) => [w.owner, w.one, 0],
  takeDrained: (w) => [w.owner],
  flush: (w) => [w.owner, w.one],
  receive: (w) => [w.owner, 0, w.two, 10, slab(), 0, new Uint32Array(2)],
  createPollGroup: (w) => [w.owner],
  destroyPollGroup: (w) => [w.owner, w.group],
  setConnectionPollGroup: (w) => [w.owner, w.one, w.group],
  configureConnectionLanes: (w) => [w.owner, w.one, 2, new Int32Array(2), new Uint16Array(2).fill(1)],
  getLaneStatus: (w) => [w.owner, w.one, 1, new Float64Array(4)],
  connectP2P: (w) => [w.owner, text, 0, []],
  createListenSocketP2P: (w) => [w.owner, 0, []],
  receiveSignal: (w) => [w.owner, bytes(), true],
  takeSignals: (w) => [w.owner],
  claimSessions: (w) => [w.owner],
  releaseSessions: (w) => [w.owner],
  sendMessageToUser: (w) => [w.owner, text, bytes(), 8, 0],
  receiveOnChannel: (w) => [w.owner, 0, 10, slab(), 0, new Uint32Array(2)],
  acceptSession: (w) => [w.owner, text],
  closeSession: (w) => [w.owner, text],
  closeChannel: (w) => [w.owner, text, 0],
  getSessionInfo: (w) => [w.owner, text],
  takeSessionEvents: (w) => [w.owner],
  getIdentity: () => [],
  resetIdentity: () => [null],
  identityToString: () => [text],
  parseIdentity: () => ["str:mine"],
  initAuthentication: () => [],
  getAuthenticationStatus: () => [],
  getCertificateRequest: () => [],
  setCertificate: () => [bytes(), bytes()],
  addCertificateAuthority: () => ["AAAA", 1n],
  openUdp: () => [true, loopback, 0, 0, false, 65_536, 0, false],
  closeUdp: (w) => [w.udp],
  getUdpPort: (w) => [w.udp],
  haveSameUdpSource: (w) => [w.udp, w.udp],
  getUdpDropped: (w) => [w.udp],
  receiveUdp: (w) => [w.udp, slab(), 1024, 0, 4],
  sendUdp: (w) => [w.udp, slab(), 1024, 0, 4],
  setUdpWake: () => [() => {}],
  createAesGcm: () => [new Uint8Array(32)],
  destroyAesGcm: (w) => [w.cipher],
  sealAesGcm: (w) => [w.cipher, 1, 0, bytes(), 0, 8, 40],
  openAesGcm: (w) => [w.cipher, 1, 0, bytes(), 0, 8, 40],
  nextEvent: (w) => [w.owner],
  getConnectionInfo: (w) => [w.owner, w.one],
  getRealTimeStatus: (w) => [w.owner, w.one, new Float64Array(14)],
  getDetailedStatus: (w) => [w.owner, w.one],
  getListenSocketAddress: (w) => [w.owner, w.socket],
  setConnectionUserData: (w) => [w.owner, w.one, 1n],
  getConnectionUserData: (w) => [w.owner, w.one],
  setConnectionName: (w) => [w.owner, w.one, "name"],
  getConnectionName: (w) => [w.owner, w.one],
  setConfigValue: (w) => [w.owner, 12, 4, w.one, 1, 100],
  getConfigValue: (w) => [w.owner, 12, 4, w.one],
  getConfigValueInfo: () => [12],
  listConfigValues: () => [true],
  setLockWaitWarningThreshold: () => [1000],
};

/** Functions that end things for the whole environment are called with extra arguments only, at the end. */
const last = ["tearDown"];
const nobody = {
  owner: 1,
  stranger: 2,
  one: 3,
  two: 4,
  foreign: 5,
  socket: 6,
  group: 7,
  udp: 8,
  cipher: 9,
  handles: [["handle", 3]],
};
let isAlive = false;
const report = { worlds: 0, calls: 0, threw: 0, wrong: [], foreignHarmed: [] };

function attempt(name, parameters, what) {
  report.calls++;
  try {
    const result = native[name](...parameters);
    if (name === "openUdp" && result > 0) native.closeUdp(result);
    if (name === "createAesGcm" && result > 0) native.destroyAesGcm(result);
  } catch (error) {
    report.threw++;
    if (!isProperError(error)) report.wrong.push(`${name} ${what}: ${error?.stack ?? error}`);
  }
  if (isAlive && native.initializeCount() === 0) native.initialize(Number(driver), true, null, 0, false);
}

function torment(name, makeWorld) {
  const make = calls[name];
  const arity = make(nobody).length;
  isAlive = makeWorld !== null;
  let w = makeWorld === null ? nobody : makeWorld();
  const values = () => [...hostileValues(), ...w.handles];
  for (let at = 0; at <= arity; at++) {
    for (const [what, value] of values()) {
      const parameters = make(w);
      parameters[at] = value;
      attempt(name, parameters, `argument ${at} = ${what}`);
    }
    if (makeWorld !== null) {
      // What belongs to the other owner is as it was.
      const info = native.getConnectionInfo(w.stranger, w.foreign);
      if (!["resetIdentity", "destroyOwner", "deinitialize"].includes(name) && info?.state !== 3) {
        report.foreignHarmed.push(`${name} argument ${at}`);
      }
      if (!isIntact(w)) {
        end(w);
        w = makeWorld();
        report.worlds++;
      }
    }
  }
  for (const [what, value] of values()) attempt(name, new Array(arity + 2).fill(value), `all arguments = ${what}`);
  for (let length = 0; length <= arity; length++) attempt(name, make(w).slice(0, length), `${length} arguments`);
  if (makeWorld !== null) end(w);
}

const names = Object.keys(native).filter((name) => typeof native[name] === "function");
report.functions = names.length;
report.unknown = names.filter((name) => calls[name] === undefined);
report.missing = Object.keys(calls).filter((name) => typeof native[name] !== "function");
const known = names.filter((name) => calls[name] !== undefined && !last.includes(name));

function phase(title, makeWorld, list = known) {
  for (const name of list) {
    if (makeWorld === null && name === "initialize") continue;
    console.log(`in ${title}: ${name}`);
    torment(name, makeWorld);
  }
}

// No driver is there yet: once is enough.
if (driver === String(NativeDriver.Hybrid)) phase("no life", null);
native.initialize(Number(driver), true, null, 0, false);
phase("life", world);
console.log("in life: deliveries");
isAlive = false;
setImmediate(() =>
  setImmediate(() => {
    while (native.initializeCount() > 0) native.deinitialize();
    phase("after life", null);
    for (const name of last) torment(name, null);
    phase("after tearDown", null);
    console.log(`report ${JSON.stringify(report)}`);
  }),
);
