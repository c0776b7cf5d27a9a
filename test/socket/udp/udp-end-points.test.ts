import { afterEach, describe, expect, test } from "vitest";
import { UdpSocketFactory, type UdpSocketFactoryOptions } from "../../../lib/socket/udp.js";
import { whyNoNamespaces } from "../../support/network-world.js";
import { startProgram } from "../../support/program.js";
import { SocketUser } from "../../support/socket-user.js";

const users: SocketUser[] = [];
afterEach(async () => {
  await Promise.all(users.splice(0).map(({ socket }) => socket.close()));
});

/** Both implementations do the same. */
describe.each(["batched", "dgram"] as const)("%s", (implementation) => {
  const create = (options: UdpSocketFactoryOptions = {}) =>
    new UdpSocketFactory({ port: 0, implementation, ...options });
  const userOf = (factory: UdpSocketFactory) => {
    const user = new SocketUser(factory.createServerSocket());
    users.push(user);
    return user;
  };

  test.each([
    ["an address of another machine", "192.0.2.1", "ERR_FAILED", /192\.0\.2\.1:0 failed.*bindHost.*EADDRNOTAVAIL/],
    ["an IPv6 address of another machine", "2001:db8::1", "ERR_FAILED", /\[2001:db8::1\]:0 failed.*EADDRNOTAVAIL/],
    ["a name without an address", "no-such-name.invalid", "ERR_NAME_NOT_FOUND", /no-such-name\.invalid:0 failed/],
    ["a link-local address without its zone", "fe80::1", "ERR_FAILED", /\[fe80::1\]:0 failed.*its zone/],
    ["a zone that is none", "fe80::1%none", "ERR_FAILED", /\[fe80::1%none\]:0 failed/],
  ])("bind to %s explains itself, and another bind is allowed", async (_, bindHost, code, message) => {
    const { socket } = userOf(create());
    const error = await socket.bind({ host: bindHost, port: 0 }).catch((error: unknown) => error);
    expect(error).toMatchObject({ name: "NetworkError", code, message: expect.stringMatching(message) });
    expect((error as Error).message).toMatch(/^UDP: listening on /);
    expect(socket.boundPort).toBeNull();
    await socket.bind({ host: "127.0.0.1", port: 0 });
    expect(socket.boundPort).toBeGreaterThan(0);
  });

  test("a port without rights is ERR_ACCESS", async () => {
    if (process.getuid?.() === 0) return;
    await expect(userOf(create()).socket.bind({ host: null, port: 1 })).rejects.toMatchObject({ code: "ERR_ACCESS" });
  });

  test("connect where the system sees no way explains itself, and another connect is allowed", async () => {
    const server = userOf(create());
    await server.socket.bind({ host: null, port: 0 });
    const { socket } = userOf(create());
    const failing = socket.connect({ host: "fe80::1", port: 7 });
    await expect(failing).rejects.toMatchObject({
      code: "ERR_CONNECT_FAILED",
      message: expect.stringMatching(/^UDP: connecting to \[fe80::1\]:7 failed after \d+ ms: .*\(EINVAL\)$/),
    });
    const handle = await socket.connect({ host: "127.0.0.1", port: server.socket.boundPort as number });
    expect(handle.address).toBe(`127.0.0.1:${server.socket.boundPort}`);
  });

  test.each(["0.0.0.0", "::", "127.1"])("to a client %s is this machine", async (host) => {
    const server = userOf(create());
    await server.socket.bind({ host: null, port: 0 });
    const client = userOf(create());
    client.send(await client.connect({ host, port: server.socket.boundPort as number }), Uint8Array.of(1));
    await server.until(() => server.packets.length === 1);
  });

  test("close during connect to a name leaves nothing open", async () => {
    const { socket } = userOf(create());
    const connecting = socket.connect({ host: "localhost", port: 7 });
    const outcome = expect(connecting).rejects.toMatchObject({ code: "ERR_CLOSED" });
    await socket.close();
    await outcome;
  });

  test("checks its options", () => {
    const wrong = (options: object) => () => create(options as UdpSocketFactoryOptions);
    expect(wrong({ bindAddress: "::1" })).toThrow(/no option bindAddress/);
    expect(wrong({ bindhost: "::1" })).toThrow(/did you mean bindHost/);
    expect(wrong({ port: 112_647 })).toThrow(RangeError);
    expect(wrong({ bindHost: "" })).toThrow(RangeError);
    expect(wrong({ closeOnExit: 1 })).toThrow(TypeError);
    expect(wrong({ clock: {} })).toThrow(TypeError);
  });
});

test.skipIf(whyNoNamespaces).each(["batched", "dgram", "websocket"])(
  "link-local addresses work with their zone, and are told with it: %s",
  async (kind) => {
    const { code, lines, errors } = await startProgram("link-local", [kind]).end();
    const [first = "", second = ""] = lines;
    expect({ code, errors }).toEqual({ code: 0, errors: "" });
    // A client prints what it was given, a server what the system says.
    expect(first).toBe("[fe80::1%a0] [fe80::1%a0]");
    expect(second).toMatch(/^\[fe80::1%\w+\] \[fe80::1%a0\]$/);
  },
);
