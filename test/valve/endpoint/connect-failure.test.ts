import { expect, test } from "vitest";
import { ConnectionInfo, ConnectionState, NetworkingIdentity } from "../../../lib/index.js";
import { connectFailure } from "../../../lib/valve/endpoint/connect-failure.js";

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
