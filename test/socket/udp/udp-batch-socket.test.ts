import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { afterEach, describe, expect, test, vi } from "vitest";
import { UDP_SLOT } from "../../../lib/addon/layout.js";
import { Delivery, ReceivedPacket } from "../../../lib/socket/index.js";
import type { UdpBatchHandle } from "../../../lib/socket/udp/udp-batch-handle.js";
import { UdpBatchSocket } from "../../../lib/socket/udp/udp-batch-socket.js";
import { UdpSocketFactory, type UdpSocketFactoryOptions } from "../../../lib/socket/udp.js";
import { whyNoNamespaces } from "../../support/network-world.js";
import { startProgram } from "../../support/program.js";
import { SocketUser } from "../../support/socket-user.js";

const users: SocketUser[] = [];
const plain: Socket[] = [];

afterEach(async () => {
  await Promise.all(users.splice(0).map(({ socket }) => socket.close()));
  for (const socket of plain.splice(0)) socket.close();
  vi.restoreAllMocks();
});

function factoryOf(options: UdpSocketFactoryOptions = {}): UdpSocketFactory {
  return new UdpSocketFactory({ host: "127.0.0.1", port: 0, implementation: "batched", ...options });
}

function userOf(factory: UdpSocketFactory): SocketUser {
  const user = new SocketUser(factory.createServerSocket());
  users.push(user);
  return user;
}

async function listen(options: UdpSocketFactoryOptions = {}) {
  const factory = factoryOf(options);
  const server = userOf(factory);
  await server.socket.bind(factory.getBindEndPoint());
  factory.port = server.socket.boundPort as number;
  return { server, factory };
}

/** A socket of node:dgram on 127.0.0.1. */
async function stranger(): Promise<Socket> {
  const socket = createSocket("udp4");
  plain.push(socket);
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return socket;
}

const bytes = (length: number, seed = 1) => Uint8Array.from({ length }, (_, index) => (index * 7 + seed) & 0xff);
const send = (socket: Socket, data: Uint8Array, port: number) =>
  new Promise<void>((resolve, reject) =>
    socket.send(data, port, "127.0.0.1", (error) => (error ? reject(error) : resolve())),
  );

test("the factory takes the addon where there is one", () => {
  expect(new UdpSocketFactory().createServerSocket()).toBeInstanceOf(UdpBatchSocket);
  expect(new UdpSocketFactory({ implementation: "dgram" }).createServerSocket()).not.toBeInstanceOf(UdpBatchSocket);
  expect(() => new UdpSocketFactory({ implementation: "quick" as "auto" })).toThrow(RangeError);
});

test("bursts larger than a batch arrive, in order", async () => {
  const { server, factory } = await listen();
  const client = userOf(factory);
  const handle = await client.connect(factory.getConnectEndPoint());
  const sizes = Array.from({ length: 300 }, (_, index) => 1 + (index % 200));
  for (const [index, size] of sizes.entries())
    client.socket.send(handle, bytes(size, index), size, Delivery.Unreliable);
  client.socket.flush();
  await server.until(() => server.packets.length === sizes.length);
  expect(server.packets.map(({ data }) => data)).toEqual(sizes.map((size, index) => bytes(size, index)));
});

test("packets that are written in one array arrive as they were when they were sent", async () => {
  const { server, factory } = await listen();
  const client = userOf(factory);
  const handle = await client.connect(factory.getConnectEndPoint());
  const arrays = [new Uint8Array(1500), new Uint8Array(1500).subarray(1), new Uint8Array(1504).subarray(4)];
  const sizes = Array.from({ length: 180 }, (_, index) => 1 + ((index * 37) % 600));
  for (const [index, size] of sizes.entries()) {
    const packet = arrays[(index >> 4) % arrays.length] as Uint8Array;
    packet.set(bytes(size, index));
    client.socket.send(handle, packet, size, Delivery.Unreliable);
    packet.fill(0);
  }
  client.socket.flush();
  await server.until(() => server.packets.length === sizes.length);
  expect(server.packets.map(({ data }) => data)).toEqual(sizes.map((size, index) => bytes(size, index)));
});

test("64 packets leave while more are written", async () => {
  const { server, factory } = await listen();
  const client = userOf(factory);
  const handle = await client.connect(factory.getConnectEndPoint());
  const write = () => client.socket.send(handle, bytes(20), 20, Delivery.Unreliable);
  for (let count = 0; count < 64 + 63; count++) write();
  await server.until(() => server.packets.length >= 64);
  expect(server.packets).toHaveLength(64);
  write();
  await server.until(() => server.packets.length >= 128);
  expect(server.packets).toHaveLength(128);
});

test("a handle tells its address, IPv4 and IPv6", async () => {
  const { server, factory } = await listen();
  for (const [host, text] of [
    ["127.0.0.1", "127.0.0.1"],
    ["::1", "[::1]"],
  ] as const) {
    server.packets.length = 0;
    const client = userOf(factory);
    const handle = (await client.connect(factory.getConnectEndPoint(host))) as UdpBatchHandle;
    expect(handle).toMatchObject({ address: `${text}:${factory.port}`, port: factory.port, host });
    client.send(handle, bytes(4), Delivery.Unreliable);
    await server.until(() => server.packets.length === 1);
    const sender = server.packets[0]?.handle as UdpBatchHandle;
    expect(sender.address).toBe(`${text}:${client.socket.boundPort}`);
    expect(sender).toMatchObject({ isStateful: false, reliable: false, addressVerified: false, security: "none" });
    server.send(sender, bytes(5), Delivery.Unreliable);
    await client.until(() => client.packets.length === 1);
    expect(client.packets[0]?.handle.equals(handle)).toBe(true);
  }
});

test("a connected socket hears its server only", async () => {
  const { server, factory } = await listen();
  const client = userOf(factory);
  const handle = await client.connect(factory.getConnectEndPoint());
  client.send(handle, bytes(1), Delivery.Unreliable);
  await server.until(() => server.packets.length === 1);
  await send(await stranger(), bytes(50), client.socket.boundPort as number);
  server.send(server.packets[0]?.handle as UdpBatchHandle, bytes(2), Delivery.Unreliable);
  await client.until(() => client.packets.length === 1);
  expect(client.packets.map(({ data }) => data)).toEqual([bytes(2)]);
});

describe("a server on all addresses answers from the one that was asked", () => {
  test.each(["::", "0.0.0.0"])("bound to %s", async (bindHost) => {
    const { server } = await listen({ bindHost });
    const client = await stranger();
    for (const host of ["127.0.0.2", "127.0.0.3", "127.0.0.1"]) {
      server.packets.length = 0;
      client.send(bytes(3), server.socket.boundPort as number, host);
      await server.until(() => server.packets.length === 1);
      const answer = once(client, "message");
      server.send(server.packets[0]?.handle as UdpBatchHandle, bytes(4), Delivery.Unreliable);
      const [, sender] = await answer;
      expect(sender.address).toBe(host);
    }
  });

  test("each of several answers that leave at once", async () => {
    const { server } = await listen({ bindHost: "::" });
    const client = await stranger();
    const hosts = ["127.0.0.2", "127.0.0.3", "127.0.0.2"];
    for (const host of hosts) client.send(bytes(3), server.socket.boundPort as number, host);
    await server.until(() => server.packets.length === 3);
    const from: string[] = [];
    const heard = new Promise<void>((resolve) => {
      client.on("message", (_, { address }) => from.push(address) === 3 && resolve());
    });
    for (const { handle } of server.packets) server.socket.send(handle, bytes(4), 4, Delivery.Unreliable);
    server.socket.flush();
    await heard;
    expect(from.sort()).toEqual([...hosts].sort());
  });

  test("an answer leaves from another one where that address cannot be used", async () => {
    const { server } = await listen({ bindHost: "::" });
    const client = await stranger();
    client.send(bytes(3), server.socket.boundPort as number, "127.0.0.2");
    await server.until(() => server.packets.length === 1);
    const handle = server.packets[0]?.handle as UdpBatchHandle;
    const words = new Int32Array(12);
    handle.write(words, 0);
    new Uint8Array(words.buffer).set([192, 0, 2, 77], UDP_SLOT.localIp + 12);
    handle.read(words, 0);
    const answer = once(client, "message");
    server.send(handle, bytes(4), Delivery.Unreliable);
    const [data] = await answer;
    expect(data.length).toBe(4);
    expect(server.socket.droppedPackets).toBe(0);
  });

  test.skipIf(whyNoNamespaces)("IPv6, where the machine has several", async () => {
    const { code, lines, errors } = await startProgram("second-address").end();
    expect({ code, errors, lines }).toEqual({ code: 0, errors: "", lines: ["fd00::1", "fd00::2", "fd00::3"] });
  });
});

test("that nobody listened does not end a socket", async () => {
  const { server, factory } = await listen();
  const port = server.socket.boundPort as number;
  await server.socket.close();
  const client = userOf(factory);
  const handle = await client.connect(factory.getConnectEndPoint());
  for (let round = 0; round < 5; round++) {
    client.send(handle, bytes(round + 1), Delivery.Unreliable); // each but the first finds the error of the one before
    client.look();
  }
  const second = userOf(factory);
  await second.socket.bind(factory.getBindEndPoint());
  expect(second.socket.boundPort).toBe(port);
  client.send(handle, bytes(9), Delivery.Unreliable);
  await second.until(() => second.packets.length === 1);
  expect(second.packets[0]?.data).toEqual(bytes(9));
});

test("that nobody listened, heard while the loop waits, does not make a socket deaf", async () => {
  const { server, factory } = await listen();
  const port = server.socket.boundPort as number;
  await server.socket.close();
  const client = userOf(factory);
  const handle = await client.connect(factory.getConnectEndPoint());
  const wake = vi.spyOn(UdpBatchSocket.prototype, "wake");
  const late = createSocket("udp4");
  plain.push(late);
  for (let round = 1; round <= 3; round++) {
    wake.mockClear();
    client.isPaused = round === 3; // It looks later, and is not woken again and again until then.
    client.send(handle, bytes(1), Delivery.Unreliable);
    await vi.waitFor(() => expect(wake).toHaveBeenCalled(), { interval: 1 });
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(wake).toHaveBeenCalledTimes(1);
  }
  client.isPaused = false;
  client.look();
  late.bind(port, "127.0.0.1");
  await once(late, "listening");
  await send(late, bytes(7), client.socket.boundPort as number);
  await client.until(() => client.packets.length === 1);
  expect(client.packets[0]?.data).toEqual(bytes(7));
});

test("a datagram that is too large is dropped and counted, an empty one dropped", async () => {
  const { server } = await listen();
  const { socket } = server;
  const sender = await stranger();
  for (const data of [bytes(1453), bytes(65_000), new Uint8Array(0), bytes(1452)]) {
    await send(sender, data, socket.boundPort as number);
  }
  await server.until(() => server.packets.length === 1);
  expect(server.packets[0]?.data).toEqual(bytes(1452));
  expect(socket.droppedPackets).toBe(2);
});

test("what the system refuses to send is dropped and counted, and the rest goes", async () => {
  const { server, factory } = await listen();
  const receiver = userOf(factory);
  await receiver.socket.bind(factoryOf().getBindEndPoint());
  const to = await userOf(factory).connect(
    factory.getConnectEndPoint("127.0.0.1", receiver.socket.boundPort as number),
  );
  // Nobody may send to a broadcast address without asking for it.
  const nowhere = (await userOf(factory).connect(factory.getConnectEndPoint("127.0.0.1", 9))) as UdpBatchHandle;
  const words = new Int32Array(12);
  nowhere.write(words, 0);
  words[3] = -1; // 255.255.255.255
  nowhere.read(words, 0);
  for (const [index, handle] of [to, nowhere, nowhere, to].entries()) {
    server.socket.send(handle, bytes(index + 1), index + 1, Delivery.Unreliable);
  }
  server.socket.flush();
  await receiver.until(() => receiver.packets.length === 2);
  expect(receiver.packets.map(({ data }) => data.length)).toEqual([1, 4]);
  expect(server.socket.droppedPackets).toBe(2);
});

test("errors have their codes", async () => {
  const { factory } = await listen();
  const second = userOf(factory);
  await expect(second.socket.bind(factory.getBindEndPoint())).rejects.toMatchObject({ code: "ERR_ADDRESS_IN_USE" });
  const elsewhere = factoryOf({ bindHost: "192.0.2.77" });
  await expect(second.socket.bind(elsewhere.getBindEndPoint())).rejects.toMatchObject({ code: "ERR_FAILED" });
  const nobody = factory.getConnectEndPoint("nobody.invalid");
  await expect(second.connect(nobody)).rejects.toMatchObject({ code: "ERR_NAME_NOT_FOUND" });
  const broadcast = factory.getConnectEndPoint("255.255.255.255");
  await expect(second.connect(broadcast)).rejects.toMatchObject({ code: "ERR_ACCESS" });
});

test("an unread socket wakes once, and again after it was read", async () => {
  const wake = vi.spyOn(UdpBatchSocket.prototype, "wake");
  const { server } = await listen();
  const port = server.socket.boundPort as number;
  const sender = await stranger();
  const turns = async (count: number) => {
    for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  server.isPaused = true;
  for (let number = 0; number < 5; number++) {
    await send(sender, bytes(10), port);
    await turns(20);
  }
  expect(wake).toHaveBeenCalledTimes(1);
  const packet = new ReceivedPacket();
  server.socket.tick();
  let count = 0;
  for (; server.socket.poll(); count++) server.socket.receive(packet);
  expect(count).toBe(5);
  await send(sender, bytes(10), port);
  await vi.waitFor(() => expect(wake).toHaveBeenCalledTimes(2), { interval: 1 });
});

describe.each(["uv", "thread"])("readiness by %s", (watcher) => {
  const run = (what: string, options: string[] = []) => startProgram("udp-batch", [what, watcher], options);
  const report = async (what: string, options: string[] = []) => {
    const { code, lines, errors } = await run(what, options).end();
    expect({ code, errors }).toEqual({ code: 0, errors: "" });
    return JSON.parse((lines.at(-1) as string).replace("report ", ""));
  };

  test("makes no garbage per datagram", async () => {
    const { collected, bytesPerDatagram } = await report("heap", ["--expose-gc"]);
    // Wake-ups make some, for a hundred datagrams each; one object a datagram would be over 16 bytes.
    expect(bytesPerDatagram).toBeLessThan(8);
    expect(collected).toBeLessThan(10);
  });

  test("keeps the process alive while it is open", async () => {
    const program = run("open");
    await program.line("open");
    expect((await run("close").end()).code).toBe(0);
    expect(program.child.exitCode).toBeNull();
    program.child.kill("SIGKILL");
    await program.end();
  });

  test.each([
    ["exit", 3, ""],
    ["throw", 1, "nobody catches this"],
    ["worker", 0, ""],
  ])("the process ends cleanly: %s", async (how, code, error) => {
    const end = await run(how).end();
    expect(end).toMatchObject({ code, signal: null });
    expect(end.errors).toContain(error);
    if (how === "worker") expect(end.lines).toEqual(["terminated"]);
  });

  describe.skipIf(whyNoNamespaces !== null)(`over a slow way ${whyNoNamespaces ?? ""}`, () => {
    // The loopback interface of a namespace of its own, at 2 Mbit/s: only there the system's buffer gets full.
    const slow = async (what: string) => {
      const { execFile } = await import("node:child_process");
      const program = new URL("../../programs/udp-batch.mjs", import.meta.url).pathname;
      const script =
        "ip link set lo up && tc qdisc add dev lo root tbf rate 2mbit burst 8kb limit 64mb && " +
        `exec "$0" "${program}" ${what} ${watcher}`;
      const output = await new Promise<string>((resolve, reject) => {
        execFile("unshare", ["--net", "sh", "-c", script, process.execPath], (error, stdout, stderr) =>
          error || stderr ? reject(new Error(`${error?.message} ${stderr}`)) : resolve(stdout),
        );
      });
      return JSON.parse(output.replace("report ", ""));
    };

    test("what the system has no room for waits and goes by itself", async () => {
      expect(await slow("flood")).toEqual({ received: 300, dropped: 0 });
    });

    test("what there is no room for at all is dropped and counted", async () => {
      const { received, dropped } = await slow("overflow");
      expect(dropped).toBeGreaterThan(300);
      expect(received).toBeGreaterThan(256); // what waits here, and what the system takes
      expect(received + dropped).toBeLessThanOrEqual(1000);
    });
  });
});
