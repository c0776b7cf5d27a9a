import { spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket as TcpSocket } from "node:net";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { ConnectionGuard } from "../../lib/guard/index.js";
import { FakeClock } from "../../lib/testing/index.js";
import { activate, Socket, type XcsError, type XcsModule, type XcsOptions } from "../../lib/xcs/index.js";
import { root } from "../support/runtimes.js";
import { textOf } from "./two-computers.js";

/** A loopback address that no other test uses, so that all ports are free there. */
const HOST = `127.3.${(process.pid >> 8) & 255}.${process.pid & 255 || 1}`;
const elsewhere = HOST.replace("127.3", "127.4");
const OFFSET = 20_000;

/** A module whose port 80 is 20080. It ends with the test. */
function computer(options: XcsOptions = {}): XcsModule {
  const module = activate(Socket, { backend: "node", host: HOST, portOffset: OFFSET, ...options });
  module.on("warning", () => {});
  onTestFinished(() => module.dispose());
  return module;
}

/** Waits for the next `disconnected` of a module. */
const nextLeft = (module: XcsModule) =>
  new Promise<[port: number, address: string, error: XcsError | null]>((resolve) => {
    const remove = module.on("disconnected", (...what) => {
      remove();
      resolve(what);
    });
  });

/** A plain TCP socket, connected to port 80 of `computer()`. */
async function rawPeer(from = HOST): Promise<TcpSocket> {
  const socket = connect({ host: HOST, port: OFFSET + 80, localAddress: from });
  socket.on("error", () => {});
  onTestFinished(() => void socket.destroy());
  await once(socket, "connect");
  return socket;
}

const framed = (...messages: string[]) =>
  Buffer.concat(
    messages.map((message) => {
      const head = Buffer.alloc(4);
      head.writeUInt32BE(Buffer.byteLength(message));
      return Buffer.concat([head, Buffer.from(message)]);
    }),
  );

describe("UDP", () => {
  test("without peers, writes go to whoever has sent something in the last 30 seconds", async () => {
    const clock = new FakeClock();
    const one = computer({ clock });
    await one.open(80, "UDP");
    await expect(one.write(80, "a")).rejects.toMatchObject({
      code: "ERR_XCS_NOT_CONNECTED",
      reason: { text: "ENOTCONN" },
    });
    const senders = [0, 1].map(() => createSocket("udp4"));
    onTestFinished(() => senders.forEach((sender) => void sender.close()));
    for (const sender of senders) {
      sender.send("hello", OFFSET + 80, HOST);
      expect(textOf(await one.readAsync(80))).toBe("hello");
    }
    const answers = senders.map((sender) => once(sender, "message"));
    await one.write(80, "answer");
    expect((await Promise.all(answers)).map(([data]) => String(data))).toEqual(["answer", "answer"]);
    clock.advance(30_000);
    await one.write(80, "in time");
    clock.advance(1);
    await expect(one.write(80, "late")).rejects.toMatchObject({ code: "ERR_XCS_NOT_CONNECTED" });
  });

  test("who has many ports displaces nobody else from those who are written to", async () => {
    const one = computer();
    await one.open(80, "UDP");
    const say = async (from: string) => {
      const sender = createSocket("udp4");
      onTestFinished(() => void sender.close());
      sender.bind(0, from);
      await once(sender, "listening");
      sender.send("hello", OFFSET + 80, HOST);
      await one.readAsync(80);
      return sender;
    };
    const heard = once(await say(elsewhere), "message");
    for (let count = 0; count < 70; count++) await say(HOST);
    await one.write(80, "answer");
    expect(String((await heard)[0])).toBe("answer");
  });

  test("peers without a port have the port of the same number", async () => {
    const one = computer({ peers: [elsewhere] });
    const other = computer({ host: elsewhere, peers: [HOST] });
    for (const module of [one, other]) for (const port of [80, 81]) await module.open(port, "UDP");
    await one.write(81, "a");
    expect(textOf(await other.readAsync(81))).toBe("a");
    await other.write(80, "b");
    expect(textOf(await one.readAsync(80))).toBe("b");
  });

  test("simulateLoss drops what arrives, by its seed", async () => {
    const lost = async (seed: number) => {
      const other = computer({ host: elsewhere, simulateLoss: 0.3, seed, peers: [HOST] });
      const one = computer({ peers: [elsewhere] });
      for (const module of [one, other]) await module.open(80, "UDP");
      const arrived = [];
      for (let index = 0; index < 200; index++) {
        await one.write(80, String(index));
        const count = () => other.manager.active().map(({ received, lost }) => received + lost)[0];
        while (count() !== index + 1) await nextTurn();
        arrived.push(textOf(other.read(80)));
      }
      for (const module of [one, other]) await module.close(80);
      return arrived.filter((text) => text === null).length > 30 ? arrived : [];
    };
    const first = await lost(1);
    expect(first).toHaveLength(200);
    expect(await lost(1)).toEqual(first);
    expect(await lost(2)).not.toEqual(first);
  });

  test("a name that has no address is an error, and the other peers are written to", async () => {
    const one = computer({ peers: ["name.invalid:80", elsewhere] });
    const other = computer({ host: elsewhere });
    for (const module of [one, other]) await module.open(80, "UDP");
    await expect(one.write(80, "a")).rejects.toMatchObject({ code: "ERR_XCS_NOT_CONNECTED" });
    expect(textOf(await other.readAsync(80))).toBe("a");
  });

  test.skipIf(process.platform !== "linux")("a peer of the other family is an error that says which host", async () => {
    const one = computer({ peers: ["[::1]:80"] });
    await one.open(80, "UDP");
    await expect(one.write(80, "a")).rejects.toThrow(/Cannot reach \[::1\]:80 .*from a host of IPv6 only, such as ::/);
  });
});

describe("TCP", () => {
  /** One that listens, and others that are connected to it. */
  async function connected(count: number, options: XcsOptions = {}): Promise<[XcsModule, ...XcsModule[]]> {
    const server = computer(options);
    await server.open(80, "TCP");
    const clients = Array.from({ length: count }, () => computer({ connect: `${HOST}:${OFFSET + 80}` }));
    for (const client of clients) {
      await client.open(80, "TCP");
      await client.write(80, "here"); // when that is read, the server knows the client
      expect(textOf(await server.readAsync(80))).toBe("here");
    }
    return [server, ...clients];
  }

  test("a write reaches all who are connected, and each write is one read", async () => {
    const [server, ...clients] = await connected(2);
    const texts = ["one", "", "x".repeat(300_000), "four"];
    for (const text of texts) await server.write(80, text);
    for (const client of clients) {
      for (const text of texts) expect(textOf(await client.readAsync(80))).toBe(text);
      await client.write(80, "answer");
      expect(textOf(await server.readAsync(80))).toBe("answer");
    }
  });

  test("a peer that leaves is told of; what it sent before can still be read", async () => {
    const [server, client] = (await connected(1)) as [XcsModule, XcsModule];
    const left = nextLeft(server);
    await client.write(80, "last words");
    await client.close(80);
    expect(await left).toEqual([80, expect.stringMatching(/^127\./), null]);
    expect(textOf(server.read(80))).toBe("last words");
    expect(server.read(80)).toBeNull();
    await expect(server.write(80, "a")).rejects.toMatchObject({
      code: "ERR_XCS_NOT_CONNECTED",
      message: expect.stringContaining("wait for a peer"),
    });
    await client.open(80, "TCP");
    await client.write(80, "again");
    expect(textOf(await server.readAsync(80))).toBe("again");
  });

  test("when the listener closes, the others are told, and their writes fail", async () => {
    const [server, client] = (await connected(1)) as [XcsModule, XcsModule];
    const left = nextLeft(client);
    await server.close(80);
    expect((await left)[2]).toBeNull();
    await expect(client.write(80, "a")).rejects.toMatchObject({ message: expect.stringContaining("open it again") });
  });

  test("a full queue makes the senders wait, and nothing is lost", async () => {
    const [server, client] = (await connected(1, { maxQueuedEntries: 2 })) as [XcsModule, XcsModule];
    const count = 250;
    const data = new Uint8Array(65_536);
    let written = 0;
    const writing = (async () => {
      for (; written < count; written++) await client.write(80, data.fill(written));
    })();
    while (server.manager.active()[0]?.unread !== 2) await nextTurn();
    for (let turn = 0; turn < 3000; turn++) await nextTurn(); // all would be written meanwhile
    expect(written).toBeLessThan(count);
    for (let index = 0; index < count; index++) expect((await server.readAsync(80))[0]).toBe(index);
    await writing;
    expect(server.manager.active()[0]?.dropped).toBe(0);
  });

  test("messages arrive whole, however they are cut on the way", async () => {
    const [server] = await connected(0);
    const raw = await rawPeer();
    raw.setNoDelay(true);
    const bytes = framed("one", "", "three");
    for (const byte of bytes) {
      raw.write(Uint8Array.of(byte));
      await nextTurn();
    }
    raw.write(framed(...Array.from({ length: 900 }, (_, index) => String(index))));
    const expected = ["one", "", "three", ...Array.from({ length: 900 }, (_, index) => String(index))];
    for (const text of expected) expect(textOf(await server.readAsync(80))).toBe(text);
  });

  test.each([
    ["announces too much", Uint8Array.of(0, 16, 0, 1)],
    ["speaks HTTP", new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n")],
  ])("EPROTO: a peer that %s is cut off, and the others go on", async (_, bytes) => {
    const [server, client] = (await connected(1)) as [XcsModule, XcsModule];
    const left = nextLeft(server);
    const raw = await rawPeer();
    const closed = new Promise((resolve) => raw.once("close", resolve)); // `once` would reject with its error
    raw.write(bytes);
    const [, , error] = await left;
    expect(error).toMatchObject({ code: "ERR_XCS_PROTOCOL", message: expect.stringContaining("maxMessageSize") });
    await closed;
    await client.write(80, "still here");
    expect(textOf(await server.readAsync(80))).toBe("still here");
  });

  test("a peer that takes nothing for 10 seconds is cut off if others wait for it", async () => {
    const clock = new FakeClock();
    const [server, client] = (await connected(1, { clock })) as [XcsModule, XcsModule];
    const raw = await rawPeer();
    raw.pause();
    raw.write(framed("here"));
    expect(textOf(await server.readAsync(80))).toBe("here");
    const left = nextLeft(server);
    const received = (async () => {
      for (let index = 0; index < 32; index++) expect((await client.readAsync(80)).length).toBe(1_000_000);
    })();
    const writing = (async () => {
      for (let index = 0; index < 32; index++) await server.write(80, new Uint8Array(1_000_000));
    })();
    let isDone = false;
    void writing.then(() => {
      isDone = true;
    });
    while (!isDone) {
      clock.advance(100); // the writes end only when it is cut off, after 10 s of this clock
      await nextTurn();
    }
    await received;
    expect((await left)[2]).toMatchObject({ code: "ERR_XCS_TIMEOUT" });
  });

  test("unfinished messages take 64 MiB at most: the largest of the most crowded source is cut off", async () => {
    const [server] = await connected(0);
    const honest = await rawPeer(elsewhere);
    honest.write(framed("from elsewhere").subarray(0, 10));
    const errors: (XcsError | null)[] = [];
    server.on("disconnected", (_port, address, error) => errors.push(address.startsWith(elsewhere) ? null : error));
    const unfinished = Buffer.alloc(1_048_579);
    unfinished.writeUInt32BE(1_048_576);
    for (let index = 0; index < 72; index++) (await rawPeer()).write(unfinished);
    while (errors.length === 0) await nextTurn();
    expect(errors[0]).toMatchObject({ code: "ERR_XCS_PROTOCOL", message: expect.stringContaining("memory") });
    honest.write(framed("from elsewhere").subarray(10));
    expect(textOf(await server.readAsync(80))).toBe("from elsewhere");
    expect(errors).not.toContain(null);
  });

  test("1024 peers who send nothing whole displace nobody who has written, and make room for a newcomer", async () => {
    const one = computer();
    await one.open(80, "TCP");
    const writer = await rawPeer();
    writer.write(framed("first"));
    expect(textOf(await one.readAsync(80))).toBe("first");
    const crowd: TcpSocket[] = [];
    for (let at = 0; at < 1024; at++) crowd.push(await rawPeer(`127.4.${at >> 8}.${at & 255}`));
    crowd[0]?.write("\0");
    const left = nextLeft(one);
    const newcomer = await rawPeer();
    newcomer.write(framed("second"));
    expect(textOf(await one.readAsync(80))).toBe("second");
    const [, , error] = await left;
    expect(error).toMatchObject({ code: "ERR_XCS_NOT_CONNECTED", message: expect.stringContaining("1024") });
    writer.write(framed("third"));
    expect(textOf(await one.readAsync(80))).toBe("third");
  });

  test("of 1024 peers who have written, the oldest of the most crowded source makes room for one more", async () => {
    const one = computer();
    await one.open(80, "TCP");
    const write = async (from?: string) => {
      const peer = await rawPeer(from);
      peer.write(framed("hello"));
      await one.readAsync(80);
      return peer;
    };
    const alone = await write(elsewhere);
    const first = await write();
    for (let at = 2; at < 1024; at++) await write();
    const left = nextLeft(one);
    const { localPort } = first;
    const last = await write();
    expect((await left)[1]).toBe(`${HOST}:${localPort}`);
    await one.write(80, "answer");
    for (const peer of [alone, last]) expect(String((await once(peer, "data"))[0])).toContain("answer");
  });

  test("a guard is asked about each peer, resets those that it refuses, and hears of proof and end", async () => {
    const guard = new ConnectionGuard();
    const accept = vi.spyOn(guard, "accept");
    const one = computer({ guard });
    await one.open(80, "TCP");
    const peer = await rawPeer();
    peer.write(framed("hello").subarray(0, 6));
    peer.write(framed("hello").subarray(6));
    await one.readAsync(80);
    expect(accept.mock.calls).toEqual([[HOST]]);
    expect(guard.counters).toMatchObject({ passed: 1, pending: 0, proven: 1 });
    const left = nextLeft(one);
    const silent = await rawPeer();
    silent.destroy();
    await left;
    expect(guard.counters).toMatchObject({ passed: 2, pending: 0, proven: 1 });
    accept.mockReturnValue({ refused: "throttled" });
    const refused = connect({ host: HOST, port: OFFSET + 80 });
    expect((await once(refused, "error"))[0]).toMatchObject({ code: "ECONNRESET" });
    expect(one.manager.active()).toMatchObject([{ port: 80, received: 1 }]);
  });

  test("nothing is read of a peer that has reset its connection, whose address is no longer known", async () => {
    const guard = new ConnectionGuard();
    const accept = vi.spyOn(guard, "accept");
    const one = computer({ guard });
    await one.open(80, "TCP");
    const program = `const socket = require("node:net").connect(${OFFSET + 80}, "${HOST}", () => {
        socket.write(Buffer.from("${framed("nobody").toString("hex")}", "hex"), () => socket.resetAndDestroy());
      });`;
    // This process accepts when the other one has ended.
    expect(spawnSync(process.execPath, ["-e", program]).status).toBe(0);
    (await rawPeer()).write(framed("hello"));
    expect(textOf(await one.readAsync(80))).toBe("hello");
    expect(accept.mock.calls).toEqual([[HOST]]);
  });

  test("a host that would command a terminal does not in the error", async () => {
    const client = computer({ connect: "\u001bc\u009b2J.invalid:80" });
    const error: Error = await client.open(80, "TCP").then(
      () => expect.unreachable(),
      (thrown) => thrown,
    );
    expect(error.message).not.toMatch(/\p{Cc}/u);
  });

  test("ENOTCONN: nobody listens there", async () => {
    const client = computer({ connect: `${HOST}:${OFFSET + 99}` });
    await expect(client.open(80, "TCP")).rejects.toMatchObject({
      code: "ERR_XCS_NOT_CONNECTED",
      message: expect.stringMatching(/127\..*:20099.*nobody listens there/),
    });
    expect(client.manager.active()).toEqual([]);
  });
});

describe("opening fails", () => {
  test.each(["UDP", "TCP"] as const)("EADDRINUSE: another program has the port (%s)", async (protocol) => {
    const socket = createSocket("udp4");
    const server = createServer();
    onTestFinished(() => void [socket.close(), server.close()]);
    server.listen({ host: HOST, port: OFFSET + 70 });
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    await new Promise<void>((resolve) => socket.bind(port, HOST, resolve));
    const one = computer();
    const taken = { code: "ERR_XCS_ADDRESS_IN_USE", port: 70, protocol, message: expect.stringContaining("20070") };
    await expect(one.open(70, protocol)).rejects.toMatchObject(taken);
    await one.open(71, protocol); // it can still be used
  });

  test("EBADPORT: the sum with portOffset", async () => {
    const one = computer({ portOffset: 65_000 });
    const text = expect.stringContaining("their sum is at most 65535");
    await expect(one.open(536, "UDP")).rejects.toMatchObject({ code: "ERR_XCS_BAD_PORT", message: text });
  });

  test.each(["UDP", "TCP"] as const)("EIO: the address is not one of this computer (%s)", async (protocol) => {
    const one = computer({ host: "192.0.2.1" });
    const text = expect.stringContaining("does not have that address");
    await expect(one.open(80, protocol)).rejects.toMatchObject({ code: "ERR_XCS_FAILED", message: text });
  });

  test("EACCES: the system does not permit the port, and the error names portOffset", () => {
    const api = pathToFileURL(join(root, "dist", "xcs", "index.js")).href;
    // What is loaded lazily has to be there before the rights are given up.
    const source = `
      import { activate, Socket } from ${JSON.stringify(api)};
      const high = activate(Socket, { backend: "node", host: "${HOST}", portOffset: 30000 });
      const low = activate(Socket, { backend: "node", host: "${HOST}" });
      for (const [port, protocol] of [[1, "UDP"], [2, "TCP"]]) {
        await high.open(port, protocol);
        await high.close(port);
      }
      if (process.getuid() === 0) process.seteuid(65534);
      for (const protocol of ["UDP", "TCP"]) {
        const error = await low.open(80, protocol).catch((error) => error);
        console.log(error?.code, error?.message.includes("portOffset"));
        await low.close(80).catch(() => {});
      }`;
    const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", source], { encoding: "utf8" });
    expect(stderr).toBe("");
    expect(stdout).toBe("ERR_XCS_ACCESS true\n".repeat(2));
  });
});

test("UDP and then TCP on one port, and two modules of one computer", async () => {
  const one = computer();
  const two = activate(Socket, { manager: one.manager });
  await one.open(80, "UDP");
  await two.open(81, "TCP");
  const closing = one.close(80);
  await one.open(80, "TCP");
  await closing;
  expect(one.manager.active()).toMatchObject([
    { port: 80, protocol: "TCP", owner: "module 1", address: HOST },
    { port: 81, protocol: "TCP", owner: "module 2", address: HOST },
  ]);
  await two.close(81);
});

test("a module that ends closes its ports and connections", async () => {
  const server = computer();
  await server.open(80, "TCP");
  const raw = await rawPeer();
  const ended = once(raw, "close");
  raw.resume();
  await server.dispose();
  await ended;
  const next = computer();
  await next.open(80, "TCP");
});
