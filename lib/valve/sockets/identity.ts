import { native } from "../../addon/native.js";
import { checkBytes, checkInstance, rangeError } from "../../arguments.js";
import { NetworkError } from "../../network-error.js";
import { isExpired, withoutPrivateKey } from "../certificates/certificates.js";
import type { Availability } from "../values/availability.js";
import { NetworkingIdentity } from "../values/networking-identity.js";
import { encodeIdentity } from "./parameters.js";
import type { SocketsCore } from "./sockets-core.js";

/** How far GNS has prepared the identity and certificate of this process. */
export interface AuthenticationStatus {
  /** How far it is; `Current` when all is ready. */
  availability: Availability;
  /** GNS's own words. For logs. */
  debug: string;
  /** Whether the process trusts any authority (`Library.addCertificateAuthority`). Without one nobody is trusted. */
  hasAuthority: boolean;
}

// All of this is about the whole process. The owner is asked for only so that the library is known to run.

export function getIdentity(core: SocketsCore, into?: NetworkingIdentity): NetworkingIdentity | null {
  if (into !== undefined) checkInstance("identity", into, NetworkingIdentity);
  void core.owner;
  const encoded = native.getIdentity();
  if (encoded === null) return null;
  const identity = into ?? new NetworkingIdentity();
  NetworkingIdentity.decodeInto(identity, encoded);
  return identity;
}

export function resetIdentity(core: SocketsCore, identity: NetworkingIdentity | null): void {
  const encoded = encodeIdentity("identity", identity);
  void core.owner;
  native.resetIdentity(encoded);
}

export function initAuthentication(core: SocketsCore): Availability {
  void core.owner;
  return native.initAuthentication();
}

export function getAuthenticationStatus(core: SocketsCore): AuthenticationStatus {
  void core.owner;
  return native.getAuthenticationStatus();
}

export function getCertificateRequest(core: SocketsCore): Uint8Array {
  void core.owner;
  const [request, error] = native.getCertificateRequest();
  if (request === null) throw new NetworkError("ERR_FAILED", error);
  return request;
}

export function setCertificate(core: SocketsCore, certificate: Uint8Array): void {
  checkBytes("certificate", certificate);
  if (certificate.length === 0) throw rangeError("certificate", "not empty");
  void core.owner;
  if (isExpired(certificate)) throw new NetworkError("ERR_FAILED", "The certificate has expired");
  const bare = withoutPrivateKey(certificate);
  const error = bare === null ? native.setCertificate(certificate, null) : native.setCertificate(bare, certificate);
  if (error !== "") throw new NetworkError("ERR_FAILED", error);
}
