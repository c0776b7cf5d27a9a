import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { checkBytes, checkInstance, checkInteger, rangeError, typeError } from "../../arguments.js";
import { concatBytes } from "../../bytes.js";
import { printable } from "../../printable.js";
import { NetworkingIdentity } from "../values/networking-identity.js";
import { decodeProtobuf, encodeProtobuf, protobufBytes } from "./protobuf.js";

/** A certificate authority: a key pair (Ed25519) that signs the identities of processes. */
export interface CertificateAuthority {
  /** Public: the text for `Library.addCertificateAuthority` of every process that is to trust it. */
  readonly certificate: string;
  /** Secret: PKCS #8 in PEM. Whoever has it can make a certificate for any identity. */
  readonly privateKey: string;
}

/** How long a certificate is valid. */
export interface CertificateOptions {
  /**
   * How long it is valid from now on, in days, 1 to 36500.
   *
   * @defaultValue 3650 for an authority, 365 for a certificate
   */
  validDays?: number;
}

/** Options of {@link signCertificate}. */
export interface SignOptions extends CertificateOptions {
  /** The identity that it certifies. Before you sign, make sure that the process that asks is entitled to it. */
  identity: NetworkingIdentity;
}

/** Fields of GNS's CMsgSteamDatagramCertificate. */
const CERTIFICATE = { keyType: 1, keyData: 2, timeCreated: 8, timeExpiry: 9, appIds: 10, identityString: 12 } as const;
/** Fields of GNS's CMsgSteamDatagramCertificateSigned. */
const SIGNED = { privateKeyData: 1, certificate: 4, authorityKeyId: 5, authoritySignature: 6 } as const;
/** Field of GNS's CMsgSteamDatagramCertificateRequest. */
const REQUESTED_CERTIFICATE = 1;

const ed25519 = { varint: 1 };
const KEY_BYTES = 32;
/** Certificates are valid from an hour ago, because the clock of a peer may be behind. */
const CLOCK_SLACK_SECONDS = 3600;

/**
 * Makes a certificate authority. Keep its private key away from the servers that it signs for.
 *
 * @throws TypeError, RangeError for a wrong `validDays`
 */
export function createCertificateAuthority(options: CertificateOptions = {}): CertificateAuthority {
  const validDays = checkValidDays(options, 3650);
  const { publicKey, privateKey } = newKeyPair();
  const certificate = signedBy(importKey(privateKey), [
    [CERTIFICATE.keyType, ed25519],
    [CERTIFICATE.keyData, publicKey.subarray(-KEY_BYTES)],
    ...validity(validDays),
  ]);
  return {
    certificate: Buffer.from(certificate).toString("base64"),
    privateKey: importKey(privateKey).export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

/**
 * Answers a certificate request. The private key of the certificate never leaves the process that asked.
 *
 * @param request what `getCertificateRequest` gave in that process
 * @returns the bytes for `setCertificate` in that process
 * @throws TypeError `ERR_INVALID_ARG_TYPE`; RangeError `ERR_OUT_OF_RANGE`: no request, a request of another identity,
 *   an identity that cannot be certified (invalid, or an address)
 */
export function signCertificate(
  authority: CertificateAuthority,
  request: Uint8Array,
  options: SignOptions,
): Uint8Array {
  checkBytes("request", request);
  const asked = protobufBytes(request, REQUESTED_CERTIFICATE) ?? new Uint8Array(0);
  const publicKey = protobufBytes(asked, CERTIFICATE.keyData);
  if (publicKey?.length !== KEY_BYTES) throw rangeError("request", "a certificate request");
  const asker = protobufBytes(asked, CERTIFICATE.identityString);
  const wanted = identityText(options);
  if (asker !== undefined && new TextDecoder().decode(asker) !== wanted) {
    throw rangeError("request", `a request of ${wanted}, not of ${printable(new TextDecoder().decode(asker))}`);
  }
  return certify(authority, publicKey, options);
}

/**
 * Makes a certificate together with its private key, for a process that cannot request one when it starts.
 *
 * @returns secret bytes for `setCertificate`: whoever has them can pass for this identity. The key is not sent to peers
 * @throws as {@link signCertificate}
 */
export function createCertificate(authority: CertificateAuthority, options: SignOptions): Uint8Array {
  const { publicKey, privateKey } = newKeyPair();
  const certificate = certify(authority, publicKey.subarray(-KEY_BYTES), options);
  return concatBytes([certificate, encodeProtobuf([[SIGNED.privateKeyData, privateKey.subarray(-KEY_BYTES)]])]);
}

/** @internal GNS's number for the key of an authority; null: this is not the certificate of an authority. */
export function authorityKeyId(certificate: string): bigint | null {
  const signed = protobufBytes(Buffer.from(certificate, "base64"), SIGNED.certificate);
  const key = signed === undefined ? undefined : protobufBytes(signed, CERTIFICATE.keyData);
  return key?.length === KEY_BYTES ? keyId(key) : null;
}

/** @internal Whether a signed certificate has expired. GNS would take it and then not use it. */
export function isExpired(certificate: Uint8Array): boolean {
  const signed = protobufBytes(certificate, SIGNED.certificate);
  const expiry = signed === undefined ? undefined : protobufBytes(signed, CERTIFICATE.timeExpiry);
  if (expiry?.length !== 4) return false;
  return new DataView(expiry.buffer, expiry.byteOffset).getUint32(0, true) * 1000 <= Date.now();
}

/** @internal The certificate without its private key; null if it has none, or is malformed. */
export function withoutPrivateKey(certificate: Uint8Array): Uint8Array | null {
  const fields = decodeProtobuf(certificate);
  const isPrivate = ({ number }: { number: number }) => number === SIGNED.privateKeyData;
  if (!fields?.some(isPrivate)) return null;
  return concatBytes(fields.filter((field) => !isPrivate(field)).map(({ bytes }) => bytes));
}

function certify(authority: CertificateAuthority, publicKey: Uint8Array, options: SignOptions): Uint8Array {
  if (typeof authority !== "object" || authority === null || typeof authority.privateKey !== "string") {
    throw typeError("authority", "a CertificateAuthority");
  }
  return signedBy(createPrivateKey(authority.privateKey), [
    [CERTIFICATE.keyType, ed25519],
    [CERTIFICATE.keyData, publicKey],
    ...validity(checkValidDays(options, 365)),
    // GNS accepts an identity only in a certificate for its application, whose number is 0 outside Steam.
    [CERTIFICATE.appIds, { varint: 0 }],
    [CERTIFICATE.identityString, identityText(options)],
  ]);
}

function signedBy(key: KeyObject, fields: Parameters<typeof encodeProtobuf>[0]): Uint8Array {
  const certificate = encodeProtobuf(fields);
  return encodeProtobuf([
    [SIGNED.certificate, certificate],
    [SIGNED.authorityKeyId, { fixed64: keyId(rawPublicKey(key)) }],
    [SIGNED.authoritySignature, sign(null, certificate, key)],
  ]);
}

function validity(days: number): Parameters<typeof encodeProtobuf>[0] {
  const now = Math.floor(Date.now() / 1000);
  return [
    [CERTIFICATE.timeCreated, { fixed32: now - CLOCK_SLACK_SECONDS }],
    [CERTIFICATE.timeExpiry, { fixed32: now + days * 86_400 }],
  ];
}

function checkValidDays(options: CertificateOptions, byDefault: number): number {
  if (typeof options !== "object" || options === null) throw typeError("options", "an object");
  const { validDays = byDefault } = options;
  checkInteger("validDays", validDays, 1, 36_500);
  return validDays;
}

function identityText(options: SignOptions): string {
  if (typeof options !== "object" || options === null) throw typeError("options", "an object");
  checkInstance("identity", options.identity, NetworkingIdentity);
  // GNS does not count an address as an identity, and would leave such a connection unauthenticated.
  if (options.identity.isInvalid || options.identity.getIPAddress() !== null) {
    throw rangeError("identity", "a name, bytes or a Steam number");
  }
  return options.identity.toString();
}

/**
 * Makes a pair of keys in DER; the last 32 bytes of each are the key itself. Exporting a new `KeyObject` can stop the
 * process for ever in Node 20 (see `node-primitives.ts`).
 */
function newKeyPair(): { publicKey: Buffer; privateKey: Buffer } {
  return generateKeyPairSync("ed25519", {
    publicKeyEncoding: { format: "der", type: "spki" },
    privateKeyEncoding: { format: "der", type: "pkcs8" },
  });
}

function importKey(der: Buffer): KeyObject {
  return createPrivateKey({ key: der, format: "der", type: "pkcs8" });
}

function rawPublicKey(key: KeyObject): Buffer {
  const { x = "" } = createPublicKey(key).export({ format: "jwk" });
  return Buffer.from(x, "base64url");
}

/** The first 8 bytes of the key's SHA-256, as GNS reads them. */
function keyId(publicKey: Uint8Array): bigint {
  return createHash("sha256").update(publicKey).digest().readBigUInt64LE(0);
}
