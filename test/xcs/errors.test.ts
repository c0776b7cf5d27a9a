// The table of errors in docs/xcs.md, a case for each row. What only the real network does is in real-network.test.ts.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { FakeClock } from "../../lib/testing/index.js";
import { activate, deactivate, Socket, VirtualRouter, XcsError, type XcsErrorName } from "../../lib/xcs/index.js";
import { root } from "../support/runtimes.js";
import { twoComputers } from "./two-computers.js";

const page = readFileSync(join(root, "docs", "xcs.md"), "utf8");
const rows = [...page.matchAll(/^\| (\d+) \| `(\w+)` \| `(\w+)` \|/gm)].map(([, row, name, code]) => ({
  row: Number(row),
  name: name as XcsErrorName,
  code: code as string,
}));

const codes: Record<XcsErrorName, string> = {
  EALREADY_OPEN: "ERR_XCS_ALREADY_OPEN",
  EADDRINUSE: "ERR_XCS_ADDRESS_IN_USE",
  EPROTONOSUPPORT: "ERR_XCS_PROTOCOL_UNSUPPORTED",
  EBADPORT: "ERR_XCS_BAD_PORT",
  EACCES: "ERR_XCS_ACCESS",
  ENOTOPEN: "ERR_XCS_NOT_OPEN",
  ETIMEDOUT: "ERR_XCS_TIMEOUT",
  ECLOSED: "ERR_XCS_CLOSED",
  EMSGSIZE: "ERR_XCS_MESSAGE_SIZE",
  EPROTO: "ERR_XCS_PROTOCOL",
  EACCES_MODULE: "ERR_XCS_OTHER_MODULE",
  ENOTACTIVE: "ERR_XCS_NOT_ACTIVE",
  ENOTCONN: "ERR_XCS_NOT_CONNECTED",
  EINVAL: "ERR_XCS_BAD_DATA",
  ENOBUFS: "ERR_XCS_QUEUE_FULL",
  ESYNTAX: "ERR_XCS_SYNTAX",
  EIO: "ERR_XCS_FAILED",
};

test("the page has a row for each error, with its code and number", () => {
  expect(rows).toEqual(Object.entries(codes).map(([name, code], index) => ({ row: index + 1, name, code })));
  for (const { row, name, code } of rows) {
    expect(new XcsError(name, "")).toMatchObject({ name: "XcsError", code, reason: { code: row, text: name } });
  }
});

/** What an error must have. */
function failure(name: XcsErrorName, ...texts: string[]) {
  const { code, row } = rows.find((one) => one.name === name) as (typeof rows)[number];
  const message = expect.stringMatching(new RegExp(texts.map((text) => `(?=.*${text})`).join(""), "s"));
  return expect.objectContaining({ name: "XcsError", code, reason: { code: row, text: name }, message });
}

test("EALREADY_OPEN: the port is open in this module, and stays as it is", async () => {
  const [one, other] = twoComputers(new VirtualRouter(1, { loss: 0 }));
  for (const module of [one, other]) await module.open(80, "UDP");
  await other.write(80, "kept");
  for (const protocol of ["UDP", "TCP"] as const) {
    await expect(one.open(80, protocol)).rejects.toEqual(failure("EALREADY_OPEN", "for UDP", "socket_close 80"));
  }
  expect(one.read(80)).toEqual(new TextEncoder().encode("kept"));
  const opening = [one.open(81, "TCP"), one.open(81, "TCP")];
  expect((await Promise.allSettled(opening)).map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
});

test("EADDRINUSE and EACCES_MODULE: another module of the computer has the port", async () => {
  const first = activate(Socket, { name: "chat" });
  const second = activate(Socket, { manager: first.manager });
  await first.open(80, "UDP");
  await expect(second.open(80, "TCP")).rejects.toEqual(failure("EADDRINUSE", "in use by chat, for UDP"));
  const foreign = failure("EACCES_MODULE", "belongs to chat");
  expect(() => second.read(80)).toThrow(foreign);
  expect(() => second.peek(80)).toThrow(foreign);
  await expect(second.write(80, "a")).rejects.toEqual(foreign);
  await expect(second.readAsync(80)).rejects.toEqual(foreign);
  await expect(second.close(80)).rejects.toEqual(foreign);
  await second.open(81, "TCP");
  await first.close(80);
  await second.open(80, "TCP");
  const active = second.manager.active().map(({ port, protocol, owner }) => [port, protocol, owner]);
  expect(active).toEqual([
    [80, "TCP", "module 1"],
    [81, "TCP", "module 1"],
  ]);
});

test.each(["SCTP", "udp", "Tcp", "", " UDP", undefined, 6, null])("EPROTONOSUPPORT: %j", async (protocol) => {
  const [one] = twoComputers();
  const unsupported = failure("EPROTONOSUPPORT", "write UDP or TCP, in upper case");
  await expect(one.open(80, protocol as never)).rejects.toEqual(unsupported);
  await expect(one.request("socket_open", 80, protocol as never)).rejects.toEqual(unsupported);
});

test("EPROTONOSUPPORT: in a line", async () => {
  const [one] = twoComputers();
  for (const protocol of ["udp", "SCTP", "UDP TCP"])
    await expect(one.requestLine(`open 80 ${protocol}`)).rejects.toEqual(failure("EPROTONOSUPPORT", protocol));
});

describe("EBADPORT", () => {
  test.each([0, -1, 65_536, 1.5, Number.NaN, Number.POSITIVE_INFINITY, "80", null, undefined, {}])(
    "%j is no port",
    async (port) => {
      const [one] = twoComputers();
      const bad = failure("EBADPORT", "from 1 to 65535");
      await expect(one.open(port as never, "UDP")).rejects.toEqual(bad);
      await expect(one.close(port as never)).rejects.toEqual(bad);
      await expect(one.write(port as never, "a")).rejects.toEqual(bad);
      await expect(one.readAsync(port as never)).rejects.toEqual(bad);
      expect(() => one.read(port as never)).toThrow(bad);
      expect(() => one.peek(port as never)).toThrow(bad);
    },
  );

  test.each(["0", "65536", "80x", "-80", "1.5", "0x50", "99999999999"])("%s is none in a line", async (port) => {
    const [one] = twoComputers();
    await expect(one.requestLine(`request socket_open ${port} UDP`)).rejects.toEqual(failure("EBADPORT", port));
  });

  test("1 and 65535 are ports, and a line may have a number in digits", async () => {
    const [one] = twoComputers();
    await one.open(1, "UDP");
    await one.requestLine("open 65535 TCP");
    expect(one.manager.active().map(({ port }) => port)).toEqual([1, 65_535]);
  });
});

test("ENOTOPEN: before open, after close, and a second close", async () => {
  const [one] = twoComputers();
  const closed = failure("ENOTOPEN", "socket_open 80 UDP");
  const all = async () => {
    expect(() => one.read(80)).toThrow(closed);
    expect(() => one.peek(80)).toThrow(closed);
    await expect(one.write(80, "a")).rejects.toEqual(closed);
    await expect(one.readAsync(80)).rejects.toEqual(closed);
    await expect(one.close(80)).rejects.toEqual(closed);
  };
  await all();
  await one.open(80, "UDP");
  await one.close(80);
  await all();
  const opening = one.open(80, "UDP");
  expect(() => one.read(80)).toThrow(failure("ENOTOPEN", "still being opened"));
  await opening;
});

test("read while empty gives null; readAsync waits, and ETIMEDOUT", async () => {
  const clock = new FakeClock();
  const [one, other] = twoComputers(new VirtualRouter(1, { loss: 0 }), { clock });
  for (const module of [one, other]) await module.open(80, "UDP");
  expect([one.read(80), one.peek(80)]).toEqual([null, null]);
  const late = one.readAsync(80, { timeoutMs: 100 });
  const inTime = one.readAsync(80, { timeoutMs: 101 });
  clock.advance(100);
  await expect(late).rejects.toEqual(failure("ETIMEDOUT", "in 100 ms"));
  await other.write(80, "a");
  expect(await inTime).toEqual(Uint8Array.of(97));
  expect(clock.timerCount).toBe(0);
});

test("readAsync ends by a signal, and takes nothing then", async () => {
  const [one, other] = twoComputers(new VirtualRouter(1, { loss: 0 }));
  for (const module of [one, other]) await module.open(80, "UDP");
  const controller = new AbortController();
  const waiting = one.readAsync(80, { signal: controller.signal });
  controller.abort(new Error("enough"));
  await expect(waiting).rejects.toThrow("enough");
  await expect(one.readAsync(80, { signal: controller.signal })).rejects.toThrow("enough");
  await other.write(80, "a");
  expect(one.read(80)).toEqual(Uint8Array.of(97));
});

test("ECLOSED: reads and writes that wait when the port closes", async () => {
  const [one, other] = twoComputers(new VirtualRouter(1), { maxQueuedEntries: 1 });
  for (const module of [one, other]) await module.open(80, "TCP");
  const reading = one.readAsync(80);
  await one.write(80, "fills the other's queue");
  const writing = one.write(80, "waits");
  await one.close(80);
  await expect(reading).rejects.toEqual(failure("ECLOSED", "closed while this waited"));
  await expect(writing).rejects.toEqual(failure("ECLOSED", "before this was delivered"));
});

test("close discards what nobody has read, and the manager counts it", async () => {
  const [one, other] = twoComputers(new VirtualRouter(1, { loss: 0 }));
  for (const module of [one, other]) await module.open(80, "UDP");
  for (const text of ["a", "b", "c"]) await one.write(80, text);
  expect(other.manager.active()).toMatchObject([{ unread: 3, unreadBytes: 3 }]);
  other.read(80);
  await other.close(80);
  expect(other.manager.discarded).toBe(2);
  await other.open(80, "UDP");
  expect(other.read(80)).toBeNull();
});

describe("EMSGSIZE", () => {
  test("a datagram over 65507 bytes is not sent", async () => {
    const [one, other] = twoComputers(new VirtualRouter(1, { loss: 0 }));
    for (const module of [one, other]) await module.open(80, "UDP");
    one.on("warning", () => {});
    await one.write(80, new Uint8Array(65_507));
    await expect(one.write(80, new Uint8Array(65_508))).rejects.toEqual(failure("EMSGSIZE", "65507"));
    expect(other.read(80)?.length).toBe(65_507);
    expect(other.read(80)).toBeNull();
  });

  test("a message over TCP above maxMessageSize is not sent", async () => {
    const [one, other] = twoComputers(new VirtualRouter(1), { maxMessageSize: 10 });
    for (const module of [one, other]) await module.open(80, "TCP");
    await one.write(80, new Uint8Array(10));
    await expect(one.write(80, new Uint8Array(11))).rejects.toEqual(failure("EMSGSIZE", "maxMessageSize"));
    expect(other.manager.active()[0]?.unread).toBe(1);
  });

  test("a datagram above 1200 bytes is sent with a warning, once for a port", async () => {
    const [one, other] = twoComputers(new VirtualRouter(1, { loss: 0 }));
    for (const module of [one, other]) await module.open(80, "UDP");
    const warnings: unknown[] = [];
    one.on("warning", (warning) => warnings.push(warning));
    for (const size of [1200, 1201, 1202]) await one.write(80, new Uint8Array(size));
    expect(warnings).toEqual([{ kind: "large-datagram", text: expect.stringContaining("1201 bytes"), ports: [80] }]);
    expect(other.manager.active()[0]?.unread).toBe(3);
  });
});

describe("a full queue", () => {
  test("over UDP drops the oldest, by entries and by bytes", async () => {
    const [one, other] = twoComputers(new VirtualRouter(1, { loss: 0 }), { maxQueuedEntries: 3, maxQueuedBytes: 100 });
    for (const module of [one, other]) await module.open(80, "UDP");
    for (const fill of [1, 2, 3, 4]) await one.write(80, new Uint8Array(10).fill(fill));
    expect(other.peek(80)?.[0]).toBe(2);
    await one.write(80, new Uint8Array(85).fill(5)); // beside it, one of ten bytes has room
    expect(other.manager.active()).toMatchObject([{ unread: 2, unreadBytes: 95, received: 5, dropped: 3 }]);
    expect([other.read(80), other.read(80), other.read(80)].map((data) => data?.[0])).toEqual([4, 5, undefined]);
    await other.close(80);
    await other.open(80, "UDP");
    await one.write(80, new Uint8Array(500)); // larger than the queue, but alone
    expect(other.read(80)?.length).toBe(500);
  });

  test("ENOBUFS: over TCP the writers wait, and at most so many", async () => {
    const [one, other] = twoComputers(new VirtualRouter(1), { maxQueuedEntries: 2 });
    for (const module of [one, other]) await module.open(80, "TCP");
    for (const text of ["0", "1"]) await one.write(80, text);
    const waiting = ["2", "3"].map((text) => one.write(80, text));
    await expect(one.write(80, "4")).rejects.toEqual(failure("ENOBUFS", "2 writes wait", "await"));
    for (let index = 0; index < 4; index++) expect(other.read(80)?.[0]).toBe(48 + index);
    await Promise.all(waiting);
    await one.write(80, "5");
  });

  test("ENOBUFS: by bytes too, and 1024 reads", async () => {
    const [one, other] = twoComputers(new VirtualRouter(1), { maxQueuedBytes: 100 });
    for (const module of [one, other]) await module.open(80, "TCP");
    await one.write(80, new Uint8Array(60));
    const waiting = one.write(80, new Uint8Array(60));
    await expect(one.write(80, new Uint8Array(60))).rejects.toEqual(failure("ENOBUFS"));
    const reads = Array.from({ length: 1024 }, () => one.readAsync(80));
    await expect(one.readAsync(80)).rejects.toEqual(failure("ENOBUFS", "1024 reads"));
    await one.close(80);
    const ended = await Promise.allSettled([waiting, ...reads]);
    expect(new Set(ended.map(({ status }) => status))).toEqual(new Set(["rejected"]));
  });
});

test("ENOTACTIVE: after the module has ended, which closes what is open with a warning", async () => {
  const [one] = twoComputers();
  const warnings: unknown[] = [];
  one.on("warning", (warning) => warnings.push(warning));
  await one.open(80, "UDP");
  await one.open(9, "TCP");
  await one.open(7, "TCP");
  await one.close(7);
  const late = one.open(10, "UDP");
  const manager = one.manager;
  await Promise.all([deactivate(one), one.dispose()]);
  await deactivate(one);
  const text = expect.stringMatching(/module 1 .*80 \(UDP\), 9 \(TCP\).*socket_close/);
  expect(warnings).toEqual([{ kind: "leak", text, ports: [80, 9] }]);
  await expect(late).rejects.toEqual(failure("ECLOSED", "ended while port 10"));
  expect(manager.active()).toEqual([]);
  const inactive = failure("ENOTACTIVE", "activate\\(Socket\\)");
  expect(() => one.read(80)).toThrow(inactive);
  await expect(one.open(80, "UDP")).rejects.toEqual(inactive);
  await expect(one.close(80)).rejects.toEqual(inactive);
  await expect(one.write(80, "a")).rejects.toEqual(inactive);
  await activate(Socket, { manager }).open(80, "UDP");
});

test("readable comes when something waits where nothing did, and not for what has been read or closed", async () => {
  const [one, other] = twoComputers(new VirtualRouter(1, { loss: 0 }));
  for (const module of [one, other]) for (const port of [80, 81, 82]) await module.open(port, "UDP");
  const events: number[] = [];
  other.on("readable", (port) => events.push(port));
  const writes = [80, 80, 81, 82].map((port) => one.write(port, "a"));
  expect(events).toEqual([]);
  other.read(81);
  const closing = other.close(82);
  await Promise.all([closing, ...writes]);
  expect(events).toEqual([80]);
});

test("a module that has closed everything ends without a warning", async () => {
  const [one] = twoComputers();
  const warnings: unknown[] = [];
  one.on("warning", (warning) => warnings.push(warning));
  await one.open(80, "UDP");
  await one.close(80);
  await one.dispose();
  expect(warnings).toEqual([]);
});

test("ENOTCONN: over TCP there is nobody to write to; over UDP nobody hears it", async () => {
  const [one, other] = twoComputers();
  await one.open(80, "TCP");
  await one.open(81, "UDP");
  await other.open(80, "UDP");
  await expect(one.write(80, "a")).rejects.toEqual(failure("ENOTCONN", "open it there first"));
  await one.write(81, "a");
});

test.each([5, null, undefined, {}, [1], new ArrayBuffer(1), new Uint16Array(1)])("EINVAL: data %j", async (data) => {
  const [one, other] = twoComputers();
  for (const module of [one, other]) await module.open(80, "TCP");
  await expect(one.write(80, data as never)).rejects.toEqual(failure("EINVAL", "a string or a Uint8Array"));
});

test("ESYNTAX: a command that there is not", async () => {
  const [one] = twoComputers();
  await expect(one.request("socket_send" as never, 80)).rejects.toEqual(
    failure("ESYNTAX", "socket_send", "socket_write"),
  );
});

test("what a line says is shown so that it commands no terminal", async () => {
  const [one] = twoComputers();
  for (const line of [
    "\u009b2J\u202e",
    "open \u009b2J\u202e UDP",
    "open 80 \u009b2J\u202e",
    "let a = \u009b2J\u202e",
  ]) {
    const error = await one.requestLine(line).catch((thrown: Error) => thrown);
    expect((error as Error).message).toContain("\\u009b2J\\u202e");
  }
});

test("request does what the methods do", async () => {
  const [one, other] = twoComputers(new VirtualRouter(1, { loss: 0 }));
  for (const module of [one, other]) await module.request("socket_open", 80, "UDP");
  await one.request("socket_write", 80, "a");
  expect(await other.request("socket_peek", 80)).toEqual(Uint8Array.of(97));
  expect(await other.request("socket_read", 80)).toEqual(Uint8Array.of(97));
  expect(await other.request("socket_read", 80)).toBeNull();
  await one.request("socket_close", 80);
  expect(one.manager.active()).toEqual([]);
});

const { manager } = activate(Socket);
test.each<[object, string]>([
  [{ backend: "real" }, "ERR_OUT_OF_RANGE"],
  [{ router: {} }, "ERR_INVALID_ARG_TYPE"],
  [{ manager: {} }, "ERR_INVALID_ARG_TYPE"],
  [{ maxQueuedEntries: 0 }, "ERR_OUT_OF_RANGE"],
  [{ maxMessageSize: 2 ** 26 + 1 }, "ERR_OUT_OF_RANGE"],
  [{ routr: new VirtualRouter() }, "ERR_UNKNOWN_OPTION"],
  [{ peers: ["127.0.0.1:80"] }, "ERR_OUT_OF_RANGE"],
  [{ backend: "node", router: new VirtualRouter() }, "ERR_OUT_OF_RANGE"],
  [{ manager, backend: "virtual" }, "ERR_OUT_OF_RANGE"],
  [{ manager, portOffset: 1 }, "ERR_OUT_OF_RANGE"],
  [{ backend: "node", peers: "127.0.0.1:80" }, "ERR_INVALID_ARG_TYPE"],
  [{ backend: "node", peers: ["127.0.0.1:0"] }, "ERR_OUT_OF_RANGE"],
  [{ backend: "node", peers: ["127.0.0.1:70000"] }, "ERR_OUT_OF_RANGE"],
  [{ backend: "node", peers: [":80"] }, "ERR_OUT_OF_RANGE"],
  [{ backend: "node", peers: ["::1"] }, "ERR_OUT_OF_RANGE"],
  [{ backend: "node", connect: "a b" }, "ERR_OUT_OF_RANGE"],
  [{ backend: "node", connect: 80 }, "ERR_INVALID_ARG_TYPE"],
  [{ backend: "node", portOffset: -1 }, "ERR_OUT_OF_RANGE"],
  [{ backend: "node", simulateLoss: 1 }, "ERR_OUT_OF_RANGE"],
])("activate(Socket, %j) fails with %s", (options, code) => {
  expect(() => activate(Socket, options)).toThrow(expect.objectContaining({ code }));
});

test("only what activate gives can be deactivated, and only Socket activated", async () => {
  expect(() => activate({ name: "Socket" })).toThrow(expect.objectContaining({ code: "ERR_INVALID_ARG_TYPE" }));
  await expect(deactivate({} as never)).rejects.toMatchObject({ code: "ERR_INVALID_ARG_TYPE" });
});
