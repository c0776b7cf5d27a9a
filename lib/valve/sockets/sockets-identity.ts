import { native } from "../../addon/native.js";
import { NetworkError } from "../../network-error.js";
import { isExpired, withoutPrivateKey } from "../certificates/certificates.js";
import { checkBytes, checkInstance, rangeError } from "../values/arguments.js";
import type { Availability } from "../values/availability.js";
import { NetworkingIdentity } from "../values/networking-identity.js";
import { encodeIdentity } from "./sockets-connections.js";
import { SocketsP2P } from "./sockets-p2p.js";

export interface AuthenticationStatus {
  availability: Availability;
  /** GNS's words for it. For logs. */
  debug: string;
}

/** The part of {@link NetworkingSockets} that says who we are. All of it is about the whole process. */
export abstract class SocketsIdentity extends SocketsP2P {
  /**
   * Who this process is (GNS): the identity given to `Library.initialize`, that of its certificate, or `ip:::1`.
   *
   * @param identity is filled
   * @returns false if there is none
   */
  getIdentity(identity: NetworkingIdentity): boolean;
  /** Returns the identity, or null. */
  getIdentity(): NetworkingIdentity | null;
  getIdentity(into?: NetworkingIdentity): boolean | NetworkingIdentity | null {
    if (into !== undefined) checkInstance("identity", into, NetworkingIdentity);
    void this.owner;
    const encoded = native.getIdentity();
    if (into === undefined) return encoded === null ? null : NetworkingIdentity.decode(encoded);
    if (encoded !== null) NetworkingIdentity.decodeInto(into, encoded);
    return encoded !== null;
  }

  /**
   * Makes the process somebody else (GNS), without a certificate. Everything that is open in the process is closed
   * first, poll groups too; each owner gets the events of its connections, and the peers are told, with end reason 2999.
   *
   * @param identity null for GNS's default
   */
  resetIdentity(identity: NetworkingIdentity | null): void {
    const encoded = encodeIdentity("identity", identity);
    void this.owner;
    native.resetIdentity(encoded);
  }

  /**
   * Starts to get ready for authentication (GNS). Where no certificate is set this changes nothing: nobody can be asked
   * for one.
   */
  initAuthentication(): Availability {
    void this.owner;
    return native.initAuthentication();
  }

  /** Whether this process has a certificate: `Current`, or `CannotTry` without one (GNS). */
  getAuthenticationStatus(): AuthenticationStatus {
    void this.owner;
    return native.getAuthenticationStatus();
  }

  /**
   * Asks for a certificate (GNS): bytes for `signCertificate`, where the authority is. They hold a public key, whose
   * private one stays in this process, and who this process says it is.
   *
   * @throws NetworkError `ERR_FAILED`
   */
  getCertificateRequest(): Uint8Array {
    void this.owner;
    const [request, error] = native.getCertificateRequest();
    if (request === null) throw new NetworkError("ERR_FAILED", error);
    return request;
  }

  /**
   * Takes a certificate (GNS) from `signCertificate` or `createCertificate`. Connections made from now on show it. A
   * process without an identity takes that of the certificate; `Library.addCertificateAuthority` comes first.
   *
   * One with its private key, from `createCertificate`, must be set before anything is opened in the process.
   *
   * @throws NetworkError `ERR_FAILED`: not signed by an authority that this process believes, for another identity or
   *   key, over, or too late
   */
  setCertificate(certificate: Uint8Array): void {
    checkBytes("certificate", certificate);
    if (certificate.length === 0) throw rangeError("certificate", "not empty");
    void this.owner;
    if (isExpired(certificate)) throw new NetworkError("ERR_FAILED", "The certificate's time is over");
    const bare = withoutPrivateKey(certificate);
    const error = bare === null ? native.setCertificate(certificate, null) : native.setCertificate(bare, certificate);
    if (error !== "") throw new NetworkError("ERR_FAILED", error);
  }
}
