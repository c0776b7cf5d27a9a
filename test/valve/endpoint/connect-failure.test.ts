import { createSocket } from "node:dgram";
import { expect, test } from "vitest";
import {
  authenticatedOnly,
  ConnectionInfo,
  ConnectionState,
  createCertificateAuthority,
  Library,
  NetworkingIdentity,
} from "../../../lib/index.js";
import { GnsSocketFactory } from "../../../lib/socket/gns.js";
import { connectFailure } from "../../../lib/valve/endpoint/connect-failure.js";
import { newEndpoint } from "../../support/endpoints.js";

const { ClosedByPeer, ProblemDetectedLocally } = ConnectionState;

function ended(endReason: number, endDebug: string, state = ProblemDetectedLocally): ConnectionInfo {
  const info = Object.assign(new ConnectionInfo(), { endReason, endDebug, state });
  info.address.setIPv4("192.0.2.1", 7777);
  return info;
}

test.each([
  ["nobody answers", ended(5003, "Timed out attempting to connect"), "ERR_CONNECT_FAILED", "Nobody answered"],
  ["the server hears nothing of us", ended(4001, "Timeout"), "ERR_CONNECT_FAILED", "Nobody answered"],
  ["the server has no certificate", ended(4003, "Unsigned certs are not allowed"), "ERR_BAD_CERTIFICATE", "middle"],
  ["the server takes no client without one", ended(4003, "", ClosedByPeer), "ERR_AUTHENTICATION_FAILED", "our"],
  ["no cipher", ended(4002, "Failed to negotiate mutually-agreeable cipher"), "ERR_ENCRYPTION_UNSUPPORTED", "cipher"],
  ["changed keys", ended(4002, "Bad signature"), "ERR_TAMPERED", "middle"],
  ["another protocol", ended(4006, "Peer is running old software", ClosedByPeer), "ERR_VERSION_MISMATCH", "versions"],
  ["the server refuses", ended(1007, "closed today", ClosedByPeer), "ERR_REFUSED", "refused: closed today"],
  ["the server ends meanwhile", ended(2999, "shutdown", ClosedByPeer), "ERR_CONNECT_FAILED", "ended"],
  ["all else", ended(5001, "oops"), "ERR_CONNECT_FAILED", "GNS says 5001: oops"],
  ["all else, in a text of the peer", ended(5001, "a\nb"), "ERR_CONNECT_FAILED", "GNS says 5001: a\\u{a}b"],
])("when %s, its code and message say so", (_what, info, code, words) => {
  const error = connectFailure(info, 22.4);
  expect(error).toMatchObject({ code, endReason: info.endReason, endDebug: info.endDebug });
  expect(error.message).toMatch(/^GNS: connecting to 192\.0\.2\.1:7777 failed after 22 ms: /);
  expect(error.message).toContain(words);
});

test("a peer without an address is named by its identity", () => {
  const identity = new NetworkingIdentity();
  identity.setGenericString("bob");
  const info = Object.assign(new ConnectionInfo(), { endReason: 5008, identity });
  expect(connectFailure(info, 1).message).toContain("connecting to str:bob failed");
});

test("who requires certificates, but trusts no authority, hears so at once", async () => {
  const untrusting = expect.objectContaining({
    code: "ERR_BAD_CERTIFICATE",
    message: expect.stringContaining("Call Library.addCertificateAuthority first"),
  });
  const endpoint = newEndpoint({ handshakeTimeoutMs: 500 });
  const { port } = endpoint.listen({ host: "127.0.0.1" });
  const [toGns, atGns] = ["connecting", "listening"].map(() =>
    new GnsSocketFactory({ port, bindHost: "127.0.0.1", config: authenticatedOnly }).createServerSocket(),
  );
  const server = { host: "127.0.0.1", port };
  await expect(endpoint.connect({ ...server, config: authenticatedOnly })).rejects.toEqual(untrusting);
  expect(() => endpoint.listen({ host: "127.0.0.1", config: authenticatedOnly })).toThrow(untrusting);
  await expect(toGns?.connect(new GnsSocketFactory(server).getConnectEndPoint())).rejects.toEqual(untrusting);
  await expect(atGns?.bind(new GnsSocketFactory({ port: 0 }).getBindEndPoint())).rejects.toEqual(untrusting);
  await Promise.all([toGns?.close(), atGns?.close()]);
  const signaling = { send() {}, onSignal: () => () => {} };
  const peer = { identity: NetworkingIdentity.parse("str:bob") as NetworkingIdentity, signaling };
  // For peers on other machines, those of this one do not count.
  const peers = new GnsSocketFactory({ peer, config: authenticatedOnly.slice(0, 1) });
  const [toPeer, atPeer] = [peers.createClientSocket(), peers.createServerSocket()];
  await expect(toPeer.connect(peers.getConnectEndPoint())).rejects.toEqual(untrusting);
  await expect(atPeer.bind(peers.getBindEndPoint())).rejects.toEqual(untrusting);
  await Promise.all([toPeer.close(), atPeer.close()]);
  // Certificates of this machine may still be missing.
  const connection = await endpoint.connect({ ...server, config: authenticatedOnly.slice(0, 1) });
  connection.destroy();
  Library.addCertificateAuthority(createCertificateAuthority().certificate);
  expect(endpoint.listen({ host: "127.0.0.1", config: authenticatedOnly }).port).toBeGreaterThan(0);
});

test("connect waits for an answer as long as handshakeTimeoutMs says", async () => {
  const mute = createSocket("udp4");
  await new Promise<void>((resolve) => mute.bind(0, "127.0.0.1", resolve));
  const endpoint = newEndpoint({ handshakeTimeoutMs: 300 });
  const connecting = endpoint.connect({ host: "127.0.0.1", port: mute.address().port });
  await expect(connecting).rejects.toMatchObject({
    code: "ERR_CONNECT_FAILED",
    message: expect.stringContaining("Nobody answered"),
  });
  mute.close();
});
