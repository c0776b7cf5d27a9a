import { createSocket } from "node:dgram";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { formatHost } from "../../../lib/format-host.js";
import {
  type AddressLookup,
  type CloseInfo,
  ConfigurationValue,
  ConfigValue,
  type Connection,
  type EndpointOptions,
  Library,
  type Listener,
  type ListenOptions,
  NetworkError,
  type ReceivedMessage,
  Result,
  SendFlags,
} from "../../../lib/index.js";
import { newEndpoint } from "../../support/endpoints.js";
import { drivers } from "../../support/peer.js";

function firstConnection(listener: Listener): Promise<Connection> {
  return new Promise((resolve) => {
    const off = listener.on("connection", (connection) => {
      off();
      resolve(connection);
    });
  });
}

function drained(connection: Connection): Promise<void> {
  return new Promise((resolve) => {
    const off = connection.on("drain", () => {
      off();
      resolve();
    });
  });
}

const text = (message: ReceivedMessage) => Buffer.from(message.data).toString();

/** A connection from both sides. */
async function connectBoth(options: EndpointOptions = {}, listenOptions: ListenOptions = {}) {
  const server = newEndpoint(options);
  const client = newEndpoint();
  const listener = server.listen({ host: "127.0.0.1", ...listenOptions });
  const accepted = firstConnection(listener);
  const toServer = await client.connect({ host: "127.0.0.1", port: listener.port });
  const toClient = await accepted;
  return { server, client, listener, toServer, toClient };
}

describe.each(drivers)("an endpoint on the %s driver", (driver) => {
  test("carries messages by events, in order", async () => {
    const { toServer, toClient } = await connectBoth({ driver });
    const received: string[] = [];
    const all = new Promise<void>((resolve) => {
      toClient.on("message", (message) => {
        received.push(text(message));
        if (received.length === 200) resolve();
      });
    });
    for (let index = 0; index < 200; index++) toServer.send(Buffer.from(`message ${index}`));
    await all;
    expect(received).toEqual(Array.from({ length: 200 }, (_, index) => `message ${index}`));
  });

  test("closes when everything has arrived, with reason and text", async () => {
    const { toServer, toClient } = await connectBoth({ driver });
    const sizes: number[] = [];
    toClient.on("message", (message) => sizes.push(message.data.length));
    for (let index = 0; index < 4; index++) expect(toServer.send(new Uint8Array(50_000))).toBe(true);
    const flushed = await toServer.close({ code: 7, text: "done" });
    expect(flushed).toBe(true);
    const info = await toClient.closed;
    expect(info).toEqual({ by: "peer", endReason: 1007, code: 7, text: "done", flushed: false });
    expect(sizes).toEqual([50_000, 50_000, 50_000, 50_000]);
    expect((await toServer.closed).flushed).toBe(true);
    expect(toServer.send(new Uint8Array(1))).toBe(false);
  });
});

test("messages by iteration end with the connection", async () => {
  const { toServer, toClient } = await connectBoth();
  for (const word of ["one", "two", "three"]) toServer.send(Buffer.from(word));
  void toServer.close();
  const words: string[] = [];
  for await (const message of toClient) words.push(text(message));
  expect(words).toEqual(["one", "two", "three"]);
  expect(toClient.closeInfo?.by).toBe("peer");
});

test("messages wait while nobody listens, and go to the listener that is there", async () => {
  const { toServer, toClient } = await connectBoth();
  const received: string[] = [];
  let resolve: () => void = () => {};
  const listen = (prefix: string) =>
    toClient.on("message", (message) => {
      received.push(prefix + text(message));
      resolve();
    });
  const next = () =>
    new Promise<void>((done) => {
      resolve = done;
    });
  const off = listen("first ");
  const one = next();
  toServer.send(Buffer.from("one"));
  await one;
  off();
  off();
  for (const word of ["two", "three"]) toServer.send(Buffer.from(word));
  await toServer.close();
  await toClient.closed;
  const two = next();
  listen("second ");
  expect(received).toEqual(["first one"]);
  await two;
  expect(received).toEqual(["first one", "second two", "second three"]);
});

test("wrong values throw whatever the state, and the state never does", async () => {
  const { server, toServer, toClient } = await connectBoth();
  expect(() => toServer.send(Buffer.of(1), SendFlags.Reliable, 3)).toThrow(RangeError);
  const tooLarge = new Uint8Array(Library.maxMessageSize + 1);
  for (const connection of [toServer, toClient]) {
    if (connection === toClient) await connection.close();
    expect(() => connection.send("text" as never)).toThrow(TypeError);
    expect(() => connection.send(tooLarge)).toThrow(RangeError);
    expect(() => server.sendToMany([connection], tooLarge)).toThrow(RangeError);
    for (const reason of [{ code: 1000 }, { code: -1 }, { text: "x".repeat(121) }, { text: "\0" }]) {
      expect(() => connection.close(reason)).toThrow(RangeError);
      expect(() => connection.destroy(reason)).toThrow(RangeError);
    }
    expect(() => connection.close({ timeoutMs: -1 })).toThrow(RangeError);
    expect(() => connection.close(5 as never)).toThrow(TypeError);
    expect(() => connection.on("data" as never, () => {})).toThrow(TypeError);
    expect(() => connection.on("message", 5 as never)).toThrow(TypeError);
  }
  expect(toClient.send(Buffer.of(1))).toBe(false);
  expect(toClient.send(Buffer.of(1), SendFlags.Reliable, 3)).toBe(false);
  await expect(toClient.close()).resolves.toBe(true);
  expect(toClient.receive()).toBeUndefined();
  toClient.destroy({ code: 999, text: "\u00e9".repeat(60) });
});

test("a second consumer is refused", async () => {
  const { toServer, toClient } = await connectBoth();
  toClient.on("message", () => {});
  expect(() => toClient.receive()).toThrow(NetworkError);
  expect(() => toClient[Symbol.asyncIterator]()).toThrow("events");
  toServer.receive();
  expect(() => toServer.on("message", () => {})).toThrow("polling");
});

test("an unread connection is left to GNS, and nothing reliable is lost", async () => {
  const total = 3000;
  const config = [{ value: ConfigValue.SendBufferSize, data: 16_777_216 }];
  const server = newEndpoint();
  const client = newEndpoint();
  const listener = server.listen({ host: "127.0.0.1", config: [{ value: ConfigValue.RecvBufferMessages, data: 100 }] });
  const accepted = firstConnection(listener);
  const toServer = await client.connect({ host: "127.0.0.1", port: listener.port, config });
  const toClient = await accepted;
  const payload = Buffer.alloc(100);
  for (let index = 0; index < total; index++) {
    payload.writeUInt32LE(index);
    expect(toServer.send(payload, SendFlags.ReliableNoNagle)).toBe(true);
  }
  // The sender's buffer cannot empty while nobody reads: GNS holds what the receiver has no room for.
  let next = 0;
  for await (const message of toClient) {
    expect(Buffer.from(message.data).readUInt32LE()).toBe(next++);
    if (next === 1) expect(toServer.bufferedBytes).toBeGreaterThan(0);
    if (next === total) break;
  }
  expect(next).toBe(total);
});

test("drain follows a full send buffer", async () => {
  const { toServer, toClient } = await connectBoth();
  let bytes = 0;
  toClient.on("message", (message) => {
    bytes += message.data.length;
  });
  const chunk = new Uint8Array(100_000);
  let sent = 0;
  for (let rounds = 0; rounds < 2; rounds++) {
    const drain = drained(toServer);
    while (toServer.send(chunk)) sent += chunk.length;
    expect(toServer.closeInfo).toBeNull();
    await drain;
    expect(toServer.bufferedBytes).toBeLessThanOrEqual(toServer.lowWaterBytes);
  }
  await toServer.close();
  await toClient.closed;
  expect(bytes).toBe(sent);
});

test("sendToMany reaches each once", async () => {
  const server = newEndpoint();
  const client = newEndpoint();
  const listener = server.listen({ host: "127.0.0.1" });
  const clients = await Promise.all(
    Array.from({ length: 10 }, () => client.connect({ host: "127.0.0.1", port: listener.port })),
  );
  const targets: Connection[] = [];
  for await (const connection of listener) {
    targets.push(connection);
    if (targets.length === clients.length) break;
  }
  const gone = targets[3] as Connection;
  gone.destroy();
  const received = Promise.all(
    clients.map(async (connection) => {
      for await (const message of connection) return text(message);
      return null;
    }),
  );
  expect(server.sendToMany(targets, Buffer.from("to all"))).toBe(9);
  const texts = await received;
  expect(texts.filter((one) => one === "to all")).toHaveLength(9);
  expect(texts.filter((one) => one === null)).toHaveLength(1);
});

describe("connect", () => {
  test("resolves names and tries both families", async () => {
    const { listener, client } = await connectBoth();
    // The first address of the name leads nowhere: the second is tried beside it, before the first has timed out.
    const lookup: AddressLookup = (_host, _options, done) =>
      done(null, [
        { address: "::1", family: 6 },
        { address: "127.0.0.1", family: 4 },
      ]);
    const other = await client.connect({ host: "any.example", port: listener.port, lookup });
    expect(other.remoteAddress.getIP()).toBe("127.0.0.1");
    expect(Library.statistics.connections).toBe(4);
  });

  test.each([
    [
      "no-such-host.invalid",
      "ERR_NAME_NOT_FOUND",
      "The name has no address. Check its spelling and the DNS server (ENOTFOUND)",
    ],
    ["fe80::1%eth0", "ERR_NOT_SUPPORTED", "GNS takes no link-local address with a zone. Use another address"],
  ])("to %s fails with its code, the place and what to do", async (host, code, text) => {
    const error: NetworkError = await newEndpoint()
      .connect({ host, port: 9 })
      .catch((reason) => reason);
    const message = `GNS: connecting to ${formatHost(host, 9)} failed after N ms: ${text}`;
    expect({ ...error, message: error.message.replace(/\d+ ms/, "N ms") }).toMatchObject({ code, message });
  });

  test("says what a resolver of the application's has said", async () => {
    const lookup: AddressLookup = (_host, _options, done) => done(new Error("the phone book is closed"), []);
    await expect(newEndpoint().connect({ host: "any.example", port: 9, lookup })).rejects.toMatchObject({
      code: "ERR_NAME_NOT_FOUND",
      message: expect.stringMatching(
        /^GNS: connecting to any\.example:9 failed after \d+ ms: the phone book is closed$/,
      ),
    });
  });

  test("to nobody times out with its code", async () => {
    const silent = createSocket("udp4").bind(0, "127.0.0.1");
    await once(silent, "listening");
    const config = [{ value: ConfigValue.TimeoutInitial, data: 300 }];
    const attempt = newEndpoint().connect({ host: "127.0.0.1", port: silent.address().port, config });
    await expect(attempt).rejects.toMatchObject({ code: "ERR_CONNECT_FAILED", endReason: 5003 });
    silent.close();
  });

  test("is aborted by its signal", async () => {
    const silent = createSocket("udp4").bind(0, "127.0.0.1");
    await once(silent, "listening");
    const abort = new AbortController();
    const attempt = newEndpoint().connect({ host: "127.0.0.1", port: silent.address().port, signal: abort.signal });
    silent.once("message", () => abort.abort(new Error("changed my mind")));
    await expect(attempt).rejects.toThrow("changed my mind");
    expect(Library.statistics.connections).toBe(0);
    silent.close();
  });

  test("fails when the endpoint is destroyed meanwhile", async () => {
    const silent = createSocket("udp4").bind(0, "127.0.0.1");
    await once(silent, "listening");
    const endpoint = newEndpoint();
    const attempt = endpoint.connect({ host: "127.0.0.1", port: silent.address().port });
    silent.once("message", () => endpoint.destroy());
    await expect(attempt).rejects.toMatchObject({ code: "ERR_CLOSED" });
    silent.close();
  });

  test("is refused with the reason of beforeAccept, and over maxConnections", async () => {
    const server = newEndpoint();
    const client = newEndpoint();
    const listener = server.listen({
      host: "127.0.0.1",
      maxConnections: 1,
      beforeAccept: (info) => info.address.isLocalHost || { code: 1, text: "local hosts only" },
    });
    const first = await client.connect({ host: "127.0.0.1", port: listener.port });
    const second = client.connect({ host: "127.0.0.1", port: listener.port });
    await expect(second).rejects.toMatchObject({ code: "ERR_REFUSED", endDebug: "The server is full" });
    await first.close();
    const refusing = server.listen({ host: "127.0.0.1", beforeAccept: () => ({ code: 9, text: "closed today" }) });
    const third = client.connect({ host: "127.0.0.1", port: refusing.port });
    await expect(third).rejects.toMatchObject({
      code: "ERR_REFUSED",
      endReason: 1009,
      endDebug: "closed today",
      reason: { code: 9, text: "closed today" },
    });
  });
});

describe("listening fails with its code, the place and what to do", () => {
  const listenError = (host: string, port: number) => {
    try {
      return newEndpoint().listen({ host, port });
    } catch (error) {
      return error;
    }
  };

  test("on a port in use", () => {
    const { port } = newEndpoint().listen({ host: "127.0.0.1" });
    const text = "Another socket uses this address and port. Take another port, or 0 for a free one (EADDRINUSE)";
    const message = `GNS: listening on 127.0.0.1:${port} failed: ${text}`;
    expect(listenError("127.0.0.1", port)).toMatchObject({ code: "ERR_ADDRESS_IN_USE", message });
  });

  test.each([
    ["192.0.2.1", "192.0.2.1:9", "ERR_FAILED", "This machine has no such address. Check `bindHost`"],
    ["2001:db8::1", "[2001:db8::1]:9", "ERR_FAILED", "This machine has no "],
    ["fe80::1%eth0", "[fe80::1%eth0]:9", "ERR_NOT_SUPPORTED", "GNS takes no link-local address with a zone."],
  ])("on %s", (host, place, code, text) => {
    const message = expect.stringContaining(`GNS: listening on ${place} failed: ${text}`);
    expect(listenError(host, 9)).toMatchObject({ name: "NetworkError", code, message });
  });
});

test("closing a listener tells its connections and ends its iteration", async () => {
  const { listener, toServer, toClient } = await connectBoth();
  const iteration = listener[Symbol.asyncIterator]().next();
  listener.close({ code: 12, text: "bye" });
  expect((await iteration).done).toBe(true);
  expect((await toClient.closed).by).toBe("us");
  expect(await toServer.closed).toMatchObject({ by: "peer", code: 12, text: "bye" } satisfies Partial<CloseInfo>);
});

test("destroying an endpoint ends its connections at the peer", async () => {
  const { server, toServer } = await connectBoth();
  server.destroy();
  server.destroy();
  expect((await toServer.closed).by).toBe("peer");
});

/** The next uncaught exception, which vitest does not get to see. */
async function uncaughtException(): Promise<Error> {
  const vitestListeners = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  const error = await new Promise<Error>((resolve) => process.once("uncaughtException", resolve));
  for (const listener of vitestListeners) process.on("uncaughtException", listener);
  return error;
}

test("an exception of a listener is an uncaught exception, and the other messages arrive", async () => {
  const { toServer, toClient } = await connectBoth();
  const thrown = uncaughtException();
  const received: string[] = [];
  const all = new Promise<void>((resolve) => {
    toClient.on("message", (message) => {
      received.push(text(message));
      if (received.length === 3) resolve();
      if (received.length === 1) throw new Error("a bug of the user");
    });
  });
  for (const word of ["one", "two", "three"]) toServer.send(Buffer.from(word));
  await all;
  expect((await thrown).message).toBe("a bug of the user");
  expect(received).toEqual(["one", "two", "three"]);
});

test("a connect error names the address, the time and the cause", async () => {
  const server = newEndpoint();
  const { port } = server.listen({ host: "127.0.0.1" });
  server.destroy();
  const config = [{ value: ConfigValue.TimeoutInitial, data: 300 }];
  const failure = newEndpoint().connect({ host: "127.0.0.1", port, config });
  await expect(failure).rejects.toMatchObject({ name: "NetworkError", code: "ERR_CONNECT_FAILED", endReason: 5003 });
  const words = new RegExp(`^GNS: connecting to 127\\.0\\.0\\.1:${port} failed after \\d+ ms: Nobody answered`);
  await expect(failure).rejects.toThrow(words);
});

test("a closing connection takes nothing, and gives code 0 by default", async () => {
  const { toServer, toClient } = await connectBoth();
  void toServer.close();
  expect(toServer.send(Buffer.of(1))).toBe(false);
  expect(toServer.send(Buffer.of(1), SendFlags.Reliable, 1)).toBe(false);
  expect(toServer.bufferedBytes).toBe(0);
  expect(await toServer.closed).toMatchObject({ by: "us", code: 0, flushed: true });
  expect(await toClient.closed).toMatchObject({ by: "peer", code: 0 });
});

test("a lost connection has no code", async () => {
  const { client, toClient } = await connectBoth({}, { config: [{ value: ConfigValue.TimeoutConnected, data: 300 }] });
  client.sockets.setConfigValue(ConfigValue.FakePacketLossRecv, 100);
  expect(await toClient.closed).toMatchObject({ by: "network", code: null, endReason: 5003, flushed: false });
  client.sockets.setConfigValue(ConfigValue.FakePacketLossRecv, 0);
});

test("diagnostics channels report connect, drop and close", async () => {
  const seen: string[] = [];
  const note = (_message: unknown, name: string | symbol) => seen.push(String(name));
  const names = ["connect", "drop", "close"].map((name) => `valve-sockets:${name}`);
  for (const name of names) subscribe(name, note);
  const { toServer, toClient } = await connectBoth();
  while (toServer.send(new Uint8Array(200_000)));
  toServer.destroy();
  await toClient.closed;
  for (const name of names) unsubscribe(name, note);
  expect(seen.filter((name) => name === names[0])).toHaveLength(2);
  expect(seen.filter((name) => name === names[1])).toHaveLength(1);
  expect(seen.filter((name) => name === names[2])).toHaveLength(2);
});

test("a message that is thrown away on purpose counts as taken, on every lane", async () => {
  const { client, toServer } = await connectBoth();
  client.sockets.configureConnectionLanes(toServer.handle, [0, 1]);
  client.sockets.setConfigurationValue(ConfigurationValue.FakeMessageLossSend, 100);
  for (const lane of [0, 1]) expect(toServer.send(Buffer.of(1), SendFlags.Unreliable, lane)).toBe(true);
  client.sockets.setConfigurationValue(ConfigurationValue.FakeMessageLossSend, 0);
});

test("a lane carries its messages", async () => {
  const { client, toServer, toClient } = await connectBoth();
  expect(client.sockets.configureConnectionLanes(toServer.handle, [0, 1])).toBe(Result.OK);
  toServer.send(Buffer.from("low"), SendFlags.Reliable, 1);
  for await (const message of toClient) {
    expect(message.lane).toBe(1);
    break;
  }
});

test("the same error of a listener is thrown once, and then counted", async () => {
  const { toServer, toClient } = await connectBoth();
  const thrown: unknown[] = [];
  const warned = once(process, "warning");
  const handlers = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  process.on("uncaughtException", (error) => thrown.push(error));
  const all = new Promise<void>((resolve) => {
    let count = 0;
    toClient.on("message", () => {
      if (++count === 20) resolve();
      throw new Error("the same bug each time");
    });
  });
  for (let index = 0; index < 20; index++) toServer.send(Buffer.of(index));
  await all;
  const [warning] = (await warned) as [Error];
  process.removeAllListeners("uncaughtException");
  for (const handler of handlers) process.on("uncaughtException", handler);
  expect(warning.message).toBe("10 times: the same bug each time");
  expect(thrown).toEqual([new Error("the same bug each time")]);
});
