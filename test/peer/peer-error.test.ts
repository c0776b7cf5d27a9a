import { expect, test } from "vitest";
import { INSECURE_TRANSPORT } from "../../lib/peer/handshake/encryption.js";
import { connectError } from "../../lib/peer/peer-error.js";
import { DisconnectCode } from "../../lib/socket/index.js";

const codes: [keyof typeof DisconnectCode, string][] = [
  ["Timeout", "ERR_TIMEOUT"],
  ["InvalidPacket", "ERR_INVALID_PACKET"],
  ["Replaced", "ERR_REPLACED"],
  ["ConnectionLost", "ERR_CONNECTION_LOST"],
  ["HandshakeTimeout", "ERR_HANDSHAKE_TIMEOUT"],
  ["Tampered", "ERR_TAMPERED"],
  ["PathTooSmall", "ERR_PATH_TOO_SMALL"],
  ["ServerFull", "ERR_SERVER_FULL"],
  ["VersionMismatch", "ERR_VERSION_MISMATCH"],
  ["ProfileMismatch", "ERR_PROFILE_MISMATCH"],
  ["ProtocolMismatch", "ERR_PROTOCOL_MISMATCH"],
  ["EncryptionRequired", "ERR_ENCRYPTION_REQUIRED"],
  ["EncryptionUnsupported", "ERR_ENCRYPTION_UNSUPPORTED"],
  ["ServerKeyMismatch", "ERR_SERVER_KEY_MISMATCH"],
  ["ServerBusy", "ERR_SERVER_BUSY"],
  ["NotAuthenticated", "ERR_NOT_AUTHENTICATED"],
  ["AuthenticationFailed", "ERR_AUTHENTICATION_FAILED"],
  ["AuthenticationTimeout", "ERR_AUTHENTICATION_TIMEOUT"],
  ["ErrorLimit", "ERR_ERROR_LIMIT"],
  ["ServerStopped", "ERR_SERVER_STOPPED"],
  ["ProcessEnded", "ERR_PROCESS_ENDED"],
  ["SessionUnknown", "ERR_SESSION_UNKNOWN"],
  ["Moved", "ERR_MOVED"],
  ["ServerClosed", "ERR_SERVER_CLOSED"],
  ["RedirectLoop", "ERR_REDIRECT_LOOP"],
  ["RedirectRefused", "ERR_REDIRECT_REFUSED"],
  ["OtherProtocol", "ERR_OTHER_PROTOCOL"],
];

test.each(codes)("a connect that ends with %s rejects with %s", (name, code) => {
  const reason = { code: DisconnectCode[name], text: "why" };
  expect(connectError(reason)).toMatchObject({ name: "NetworkError", code, message: "why", reason });
});

test("a client that wants encryption over ws:// is told what to do, and that the server was not asked", () => {
  const { message } = connectError(INSECURE_TRANSPORT, "The server localhost:80 (WebSocket)");
  expect(message).toBe(
    "The client did not ask the server localhost:80 (WebSocket): Its `peer.encryption` asks for encryption, which " +
      "WebSocket has from TLS only. Connect with wss (`secure: true`), or leave `peer.encryption` out",
  );
});

test("sizes that differ are set in the settings of the Peer", () => {
  const text = "maxReliableMessageSize has to be the same: server 60000, client 1000";
  const { message } = connectError({ code: DisconnectCode.ProtocolMismatch, text }, "The server localhost:80 (UDP)");
  expect(message).toBe(`The server localhost:80 (UDP) refused: ${text}. Set it to one value in \`peer\` of both sides`);
});

test("every reason of the library is in the list", () => {
  const names = Object.values(DisconnectCode).filter((value) => typeof value === "string");
  expect(codes.map(([name]) => name)).toEqual(names);
});

test("a connect that ends with a code of the application rejects with ERR_REFUSED", () => {
  const error = connectError({ code: 7, text: "" });
  expect(error).toMatchObject({ code: "ERR_REFUSED", message: "The other side refused with code 7" });
});

const SERVER = "The server 192.0.2.1:7777 (UDP)";
test.each([
  [DisconnectCode.ServerFull, "The server is full", "refused: The server is full. Try again later, or give the server"],
  [DisconnectCode.ServerBusy, "Too many.", "refused: Too many. Try again in a few seconds"],
  [DisconnectCode.ConnectionLost, "It is gone", "ended the connection: It is gone"],
  [42, "banned", "refused: banned. Its application decided so, with the code 42"],
  [42, "Go away!", "refused: Go away! Its application decided so, with the code 42"],
  [42, "", "refused: The other side refused with code 42. Its application decided so"],
  [0, "The server failed", "refused: The server failed. Look at its log"],
])("with the code %i the message names the server, what it said and what to do", (code, text, message) => {
  expect(connectError({ code, text }, SERVER).message).toContain(`${SERVER} ${message}`);
  expect(connectError({ code, text }, SERVER).message).not.toMatch(/[.] ?$/);
});
