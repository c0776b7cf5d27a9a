import { expect, test } from "vitest";
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
];

test.each(codes)("a connect that ends with %s rejects with %s", (name, code) => {
  const reason = { code: DisconnectCode[name], text: "why" };
  expect(connectError(reason)).toMatchObject({ name: "NetworkError", code, message: "why", reason });
});

test("every reason of the library is in the list", () => {
  const names = Object.values(DisconnectCode).filter((value) => typeof value === "string");
  expect(codes.map(([name]) => name)).toEqual(names);
});

test("a connect that ends with a code of the application rejects with ERR_REFUSED", () => {
  const error = connectError({ code: 7, text: "" });
  expect(error).toMatchObject({ code: "ERR_REFUSED", message: "The other side refused with code 7" });
});
