import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { unixTimeMs } from "../../clock.js";
import { bitString, integer, octetString, oid, sequence, set, tagged, taggedBytes, time, utf8 } from "./der.js";

/** A certificate of a server, or a chain that begins with it, and its private key, both in PEM. */
export interface TlsCertificate {
  /** The certificate, or a chain that begins with it, in PEM. */
  readonly cert: string;
  /** Its private key in PEM. */
  readonly key: string;
}

/** What {@link createDevelopmentCertificate} makes. */
export interface DevelopmentCertificate extends TlsCertificate {
  /** SHA-256 of the certificate, in base64url: a page that has it connects without a certificate authority. */
  readonly hash: string;
}

const DAY_MS = 86_400_000;
/** Browsers take certificates by their hash only if they are valid for 14 days at most. */
const VALID_MS = 13 * DAY_MS;
/** The clock of a player may be behind. */
const CLOCK_SLACK_MS = 3_600_000;
const SERIAL_BYTES = 16;

const VERSION_3 = Buffer.of(2);
const COMMON_NAME = oid("550403");
const ALTERNATIVE_NAMES = oid("551d11");
const ECDSA_WITH_SHA256 = sequence(oid("2a8648ce3d040302"));

/** The names of this machine. A browser that knows the hash does not look at them. */
const NAMES = sequence(
  taggedBytes(2, Buffer.from("localhost")),
  taggedBytes(7, Buffer.of(127, 0, 0, 1)),
  taggedBytes(7, Buffer.concat([Buffer.alloc(15), Buffer.of(1)])),
);

/**
 * Makes a certificate that no authority has signed, for servers whose pages know its hash: ECDSA P-256, for `localhost`
 * and the loopback addresses, valid for 13 days. Its private key exists nowhere else.
 *
 * @param nowMs the time, in milliseconds since 1970; it is valid from an hour before @defaultValue now
 */
export function createDevelopmentCertificate(nowMs: number = unixTimeMs()): DevelopmentCertificate {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const serial = randomBytes(SERIAL_BYTES);
  // No zeros before the number, and no sign.
  serial[0] = ((serial[0] as number) & 0x7f) | 0x40;
  const name = sequence(set(sequence(COMMON_NAME, utf8("valve-sockets"))));
  const fromMs = nowMs - CLOCK_SLACK_MS;
  const content = sequence(
    tagged(0, integer(VERSION_3)),
    integer(serial),
    ECDSA_WITH_SHA256,
    name,
    sequence(time(fromMs), time(fromMs + VALID_MS)),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    tagged(3, sequence(sequence(ALTERNATIVE_NAMES, octetString(NAMES)))),
  );
  const certificate = sequence(content, ECDSA_WITH_SHA256, bitString(sign("sha256", content, privateKey)));
  return {
    cert: pem(certificate),
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    hash: createHash("sha256").update(certificate).digest("base64url"),
  };
}

/** Lines of 64 characters, as RFC 7468 has them. */
function pem(certificate: Buffer): string {
  const lines = certificate.toString("base64").match(/.{1,64}/g) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}
