import { expect, test } from "vitest";
import {
  type IConnectionHandle,
  type ISocket,
  MemoryNetwork,
  MemorySocketFactory,
  type MemorySocketKind,
  type ReceivedPacket,
  type SocketEvents,
} from "../../lib/socket/index.js";
import { FakeClock, seededRandom, socketConformance } from "../../lib/testing/index.js";

/** Breaks a socket that is right in one point. */
type Breakage = (socket: ISocket) => void;

/** Runs the suite over broken memory sockets and tells which cases fail. */
async function failures(kind: MemorySocketKind, breakage: Breakage, only: string): Promise<string[]> {
  const clock = new FakeClock();
  const createFactory = () => {
    const factory = new MemorySocketFactory(new MemoryNetwork({ clock, random: seededRandom(1) }), { kind, port: 0 });
    const create = factory.createServerSocket.bind(factory);
    factory.createServerSocket = () => {
      const socket = create();
      breakage(socket);
      return socket;
    };
    return factory;
  };
  const failed: string[] = [];
  for (const { name, run } of socketConformance({ createFactory, clock })) {
    if (name !== only) continue;
    await run().catch(() => failed.push(name));
  }
  return failed;
}

/** Replaces a method by one that is given the original. */
function patch<Name extends keyof ISocket>(name: Name, change: (original: ISocket[Name]) => ISocket[Name]): Breakage {
  return (socket) => {
    const original = socket[name];
    socket[name] = change((typeof original === "function" ? original.bind(socket) : original) as ISocket[Name]);
  };
}

/** Replaces an event by one that is given the user's. */
function patchEvent<Name extends keyof SocketEvents>(
  name: Name,
  change: (original: SocketEvents[Name], socket: ISocket) => SocketEvents[Name],
): Breakage {
  return (socket) => {
    const property = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(socket), "events") as PropertyDescriptor;
    Object.defineProperty(socket, "events", {
      get: () => property.get?.call(socket),
      set(user: SocketEvents) {
        const events: SocketEvents = {
          onReadable: () => user.onReadable(),
          onIncoming: (incoming) => user.onIncoming(incoming),
          onConnect: (handle) => user.onConnect(handle),
          onDisconnect: (handle, reason) => user.onDisconnect(handle, reason),
          onWritable: (handle) => user.onWritable(handle),
        };
        events[name] = change(events[name], socket);
        property.set?.call(socket, events);
      },
    });
  };
}

let sends = 0;
let kept: { handle: IConnectionHandle; packet: Uint8Array; length: number } | null = null;

const breakages: [string, MemorySocketKind, Breakage, string][] = [
  [
    "loses a packet",
    "reliable-lanes",
    patch(
      "send",
      (send) =>
        (...args) =>
          ++sends % 50 === 0 ? true : send(...args),
    ),
    "the capabilities of a handle are true",
  ],
  [
    "says order and has none",
    "stream",
    patch("send", (send) => (handle, packet, length, delivery, lane) => {
      if (length !== 40) return send(handle, packet, length, delivery, lane);
      if (kept) {
        send(handle, packet, length, delivery, lane);
        const { handle: target, packet: bytes, length: size } = kept;
        kept = null;
        return send(target, bytes, size, delivery, lane);
      }
      kept = { handle, packet: packet.slice(), length };
      return true;
    }),
    "the capabilities of a handle are true",
  ],
  [
    "takes packets that are too large",
    "datagram",
    patch(
      "send",
      (send) => (handle, packet, length, delivery) =>
        send(handle, packet, Math.min(length, handle.maxPacketSize), delivery),
    ),
    "a packet that does not fit is a RangeError",
  ],
  [
    "keeps the sender's bytes",
    "datagram",
    (socket) => {
      const waiting: (() => void)[] = [];
      const send = socket.send.bind(socket);
      const flush = socket.flush.bind(socket);
      socket.send = (...args) => {
        if (args[2] !== 32) return send(...args);
        waiting.push(() => send(...args));
        return true;
      };
      socket.flush = () => {
        for (const late of waiting.splice(0)) late();
        flush();
      };
    },
    "send copies the bytes",
  ],
  [
    "never refuses",
    "stream",
    patch(
      "send",
      (send) =>
        (...args) =>
          send(...args) || true,
    ),
    "full queues are bounded, and writable again",
  ],
  [
    "never says writable",
    "stream",
    patchEvent("onWritable", () => () => {}),
    "full queues are bounded, and writable again",
  ],
  ["never wakes", "datagram", patchEvent("onReadable", () => () => {}), "onReadable comes once until tick"],
  [
    "wakes twice",
    "datagram",
    patchEvent("onReadable", (original) => () => {
      original();
      original();
    }),
    "onReadable comes once until tick",
  ],
  [
    "changes the reason",
    "reliable-lanes",
    patchEvent(
      "onDisconnect",
      (original) =>
        (handle, { text }) =>
          original(handle, { code: 5, text }),
    ),
    "reasons of a disconnect travel both ways",
  ],
  [
    "tells a disconnect twice",
    "reliable-lanes",
    patchEvent("onDisconnect", (original) => (handle, reason) => {
      original(handle, reason);
      original(handle, reason);
    }),
    "what was sent reliably arrives before the disconnect",
  ],
  [
    "lets everybody in",
    "reliable-lanes",
    patchEvent("onIncoming", (original) => (incoming) => {
      original(incoming);
      return true;
    }),
    "onIncoming refuses connections",
  ],
  [
    "swallows what handlers throw",
    "reliable-lanes",
    patch("tick", (tick) => () => {
      try {
        tick();
      } catch {}
    }),
    "a handler that throws does not affect other connections",
  ],
  [
    "sends after its close",
    "datagram",
    patch(
      "send",
      (send) =>
        (...args) =>
          send(...args) || true,
    ),
    "a closed socket is quiet, and may be closed again",
  ],
  [
    "receives nothing without an error",
    "datagram",
    patch("receive", (receive) => (packet: ReceivedPacket) => {
      try {
        receive(packet);
      } catch {}
    }),
    "without packets poll says no and receive throws",
  ],
  [
    "binds again and again",
    "reliable-lanes",
    patch("bind", (bind) => async (endPoint) => {
      await bind(endPoint).catch(() => {});
    }),
    "a socket is bound or connected once",
  ],
  [
    "does not look at the signal",
    "reliable-lanes",
    patch("connect", (connect) => (endPoint) => connect(endPoint)),
    "connect can be aborted",
  ],
  [
    "speaks while it is spoken to",
    "stream",
    (socket) => {
      const send = socket.send.bind(socket);
      socket.send = (...args) => {
        socket.events?.onReadable();
        return send(...args);
      };
    },
    "packets of every size travel both ways",
  ],
  [
    "gives copies that change",
    "datagram",
    patch("receive", (receive) => (packet: ReceivedPacket) => {
      receive(packet);
      packet.handle.copy = () => packet.handle;
    }),
    "handles keep their contract",
  ],
];

test.each(breakages)("the suite finds a socket that %s (%s)", async (_, kind, breakage, name) => {
  sends = 0;
  kept = null;
  expect(await failures(kind, () => {}, name)).toEqual([]);
  expect(await failures(kind, breakage, name)).toEqual([name]);
});
