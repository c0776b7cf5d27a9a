import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { native } from "../../../lib/addon/native.js";
import {
  Availability,
  ConnectionState,
  createCertificate,
  createCertificateAuthority,
  IdentityType,
  Library,
  NetworkingIdentity,
  NetworkingSockets,
  Result,
  signCertificate,
} from "../../../lib/index.js";
import { addressOf, connectPeers } from "../../support/peer.js";

const failed = expect.objectContaining({ name: "NetworkError", code: "ERR_FAILED" });
const outOfRange = expect.objectContaining({ code: "ERR_OUT_OF_RANGE" });

function named(name: string): NetworkingIdentity {
  const identity = new NetworkingIdentity();
  identity.setGenericString(name);
  return identity;
}

describe("text", () => {
  test.each([
    ["steamid:76561197960265729", IdentityType.SteamID],
    ["ip:127.0.0.1:27015", IdentityType.IPAddress],
    ["ip:10.0.0.1", IdentityType.IPAddress],
    ["ip:[2001:db8::1]:5", IdentityType.IPAddress],
    ["ip:2001:db8::1", IdentityType.IPAddress],
    ["ip:::1", IdentityType.IPAddress],
    ["str:alice", IdentityType.GenericString],
    [`str:${"x".repeat(31)}`, IdentityType.GenericString],
    [`str:${"é".repeat(15)}`, IdentityType.GenericString],
    ["gen:00ff10", IdentityType.GenericBytes],
    [`gen:${"ab".repeat(32)}`, IdentityType.GenericBytes],
    ["xboxpwid:1234567890", IdentityType.XboxPairwiseID],
    ["psn:12345678901234567890", IdentityType.SonyPSN],
    // A kind that this GNS does not know.
    ["future:thing", IdentityType.UnknownType],
  ])("%s goes there and back", (text, type) => {
    const identity = NetworkingIdentity.parse(text);
    expect(identity?.type).toBe(type);
    expect(identity?.toString()).toBe(text);
    expect(native.identityToString(NetworkingIdentity.encode(identity as NetworkingIdentity))).toBe(text);
  });

  test.each([
    "",
    "invalid",
    "alice",
    "STR:alice",
    `str:${"x".repeat(32)}`,
    `str:${"é".repeat(16)}`,
    "gen:",
    "gen:0",
    "gen:zz",
    `gen:${"ab".repeat(33)}`,
    "steamid:",
    "steamid:x",
    "steamid:0",
    "ip:",
    "ip:300.1.1.1",
    "steamid:76561197960265729x",
    "steamid:076561197960265729",
    "gen:0g",
    "psn:1x",
    `xboxpwid:${"1".repeat(33)}`,
  ])("%s is none", (text) => {
    expect(NetworkingIdentity.parse(text)).toBeNull();
  });

  test("upper case hex is read too", () => {
    expect(NetworkingIdentity.parse("gen:00FF")?.toString()).toBe("gen:00ff");
  });
});

describe("the identity of the process", () => {
  let sockets: NetworkingSockets;

  function initialize(identity?: NetworkingIdentity): void {
    expect(Library.initialize(identity === undefined ? {} : { identity })).toBe(true);
    sockets = new NetworkingSockets();
  }
  afterEach(() => {
    sockets.destroy();
    Library.deinitialize();
  });

  test("is nobody at first", () => {
    initialize();
    expect(sockets.getIdentity()?.toString()).toBe("ip:::1");
  });

  test("is what initialize was given, and peers see it", async () => {
    initialize(named("alice"));
    const identity = new NetworkingIdentity();
    expect(sockets.getIdentity(identity)).toBe(true);
    expect(identity.getGenericString()).toBe("alice");
    const link = await connectPeers();
    const info = link.server.sockets.getConnectionInfo(link.toClient);
    expect(info?.identity.getGenericString()).toBe("alice");
    expect(info?.isAuthenticated).toBe(false);
    link.client.sockets.destroy();
    link.server.sockets.destroy();
  });

  test("can be asked for again, and not for another one while it runs", () => {
    initialize(named("alice"));
    expect(Library.initialize({ identity: named("alice") })).toBe(true);
    Library.deinitialize();
    expect(Library.initialize({ identity: named("bob") })).toBe(false);
    expect(Library.lastError?.message).toMatch(/identity/);
  });

  test("reset closes everything that is open, with events, and leaves a usable library", async () => {
    initialize(named("alice"));
    const link = await connectPeers();
    const group = link.client.sockets.createPollGroup();
    const waiting = sockets.connect(addressOf("127.0.0.1", 9));
    link.client.sockets.sendMessageToConnection(link.toServer, new Uint8Array(10));

    sockets.resetIdentity(named("bob"));

    expect(sockets.getIdentity()?.getGenericString()).toBe("bob");
    expect(Library.statistics).toMatchObject({ connections: 0, listenSockets: 0, pollGroups: 0 });
    await link.client.event(ConnectionState.None, link.toServer);
    await link.server.event(ConnectionState.None, link.toClient);
    expect(link.client.sockets.getConnectionInfo(link.toServer)).toBeNull();
    expect(link.client.sockets.sendMessageToConnection(link.toServer, new Uint8Array(1))).toBe(Result.InvalidParam);
    expect(link.client.sockets.receiveMessagesOnConnection(link.toServer, 1)).toBeNull();
    expect(link.server.sockets.getListenSocketAddress(link.socket)).toBeNull();
    expect(link.server.sockets.receiveMessagesOnListenSocket(link.socket, 1)).toBeNull();
    expect(link.client.sockets.destroyPollGroup(group)).toBe(false);
    expect(sockets.closeConnection(waiting)).toBe(false);

    // The same address is free again, and new connections carry the new name.
    expect(link.server.sockets.createListenSocket(link.address)).not.toBe(0);
    const again = link.client.sockets.connect(link.address);
    const { connection } = await link.server.until(() =>
      link.server.events.find((event) => event.connectionInfo.identity.getGenericString() === "bob"),
    );
    await link.client.event(ConnectionState.Connected, again);
    expect(link.server.sockets.getConnectionInfo(connection)?.identity.getGenericString()).toBe("bob");
    link.client.sockets.destroy();
    link.server.sockets.destroy();
  });

  test("reset to nobody", () => {
    initialize(named("alice"));
    sockets.resetIdentity(null);
    expect(sockets.getIdentity()?.toString()).toBe("ip:::1");
  });
});

describe("certificates", () => {
  const authority = createCertificateAuthority();
  let sockets: NetworkingSockets;

  beforeEach(() => {
    Library.initialize();
    sockets = new NetworkingSockets();
  });
  afterEach(() => {
    sockets.destroy();
    Library.deinitialize();
  });

  test("without one there is nobody to ask", () => {
    expect(sockets.initAuthentication()).toBe(Availability.CannotTry);
    expect(sockets.getAuthenticationStatus()).toEqual({
      availability: Availability.CannotTry,
      debug: "No certificate authority",
      hasAuthority: false,
    });
    Library.addCertificateAuthority(authority.certificate);
    expect(sockets.getAuthenticationStatus().hasAuthority).toBe(true);
  });

  test("one by request, whose identity the process takes", () => {
    Library.addCertificateAuthority(authority.certificate);
    const request = sockets.getCertificateRequest();
    sockets.setCertificate(signCertificate(authority, request, { identity: named("server") }));
    expect(sockets.getIdentity()?.getGenericString()).toBe("server");
    expect(sockets.getAuthenticationStatus().availability).toBe(Availability.Current);
    // It may be renewed while the key stays.
    const renewal = sockets.getCertificateRequest();
    expect(() => signCertificate(authority, renewal, { identity: named("other") })).toThrow(outOfRange);
    sockets.setCertificate(signCertificate(authority, renewal, { identity: named("server") }));
    sockets.resetIdentity(null);
    expect(sockets.getAuthenticationStatus().availability).toBe(Availability.CannotTry);
  });

  test("one with its key, only while nothing is open", () => {
    Library.addCertificateAuthority(authority.certificate);
    const certificate = createCertificate(authority, { identity: named("server") });
    const socket = sockets.createListenSocket(addressOf("127.0.0.1", 0));
    expect(() => sockets.setCertificate(certificate)).toThrow(failed);
    sockets.closeListenSocket(socket);
    sockets.setCertificate(certificate);
    expect(sockets.getIdentity()?.getGenericString()).toBe("server");
  });

  test("one of an unknown authority, of another process, broken or expired is refused", () => {
    const request = sockets.getCertificateRequest();
    const good = signCertificate(authority, request, { identity: named("server") });
    expect(() => sockets.setCertificate(good)).toThrow(failed);
    Library.addCertificateAuthority(authority.certificate);
    const foreign = createCertificate(createCertificateAuthority(), { identity: named("server") });
    expect(() => sockets.setCertificate(foreign)).toThrow(failed);
    expect(() => sockets.setCertificate(createCertificate(authority, { identity: named("server") }))).toThrow(failed);
    expect(() => sockets.setCertificate(good.slice(0, -1))).toThrow(failed);
    for (let index = 0; index < good.length; index += 7) {
      const broken = good.slice();
      broken[index] = (broken[index] as number) ^ 0x40;
      expect(() => sockets.setCertificate(broken)).toThrow(failed);
    }
    expect(sockets.getIdentity()?.toString()).toBe("ip:::1");
    sockets.setCertificate(good);
  });

  test("who the process is must fit", () => {
    Library.addCertificateAuthority(authority.certificate);
    sockets.resetIdentity(named("alice"));
    const request = sockets.getCertificateRequest();
    expect(() => signCertificate(authority, request, { identity: named("server") })).toThrow(outOfRange);
    sockets.setCertificate(signCertificate(authority, request, { identity: named("alice") }));
  });

  test("an authority that was added is forgotten by the last deinitialize", () => {
    Library.addCertificateAuthority(authority.certificate);
    Library.deinitialize();
    Library.initialize();
    sockets = new NetworkingSockets();
    const certificate = createCertificate(authority, { identity: named("server") });
    expect(() => sockets.setCertificate(certificate)).toThrow(failed);
  });
});
