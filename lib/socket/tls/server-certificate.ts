import { createHash, createPrivateKey, X509Certificate } from "node:crypto";
import { rangeError, typeError } from "../../arguments.js";
import { type Clock, unixTimeMs } from "../../clock.js";
import type { OptionRule } from "../../options.js";
import {
  createDevelopmentCertificate,
  type DevelopmentCertificate,
  type TlsCertificate,
} from "./development-certificate.js";

const DAY_MS = 86_400_000;
/** How long one of our own is used. */
const RENEW_MS = 6 * DAY_MS;
/** Certificates end by the calendar, and timers stand still while a machine sleeps: so we look more often. */
const LOOK_MS = 3_600_000;
/** Browsers take no certificate by its hash that is valid for longer. */
const MAX_HASHED_MS = 14 * DAY_MS;

/** Of `tls`. @throws TypeError `ERR_INVALID_ARG_TYPE`, RangeError `ERR_OUT_OF_RANGE` */
export const tlsCertificateOption: OptionRule = (name, value) => {
  const { cert, key } = (value ?? {}) as Partial<TlsCertificate>;
  if (typeof cert !== "string" || typeof key !== "string")
    throw typeError(name, '{ cert, key }, both texts in PEM, as readFileSync(file, "utf8") gives them');
  if (!isPair(cert, key)) throw rangeError(name, "a certificate and its private key, both in PEM");
};

function isPair(cert: string, key: string): boolean {
  try {
    return new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}

/**
 * The certificate of the servers of a factory: the user's; or, without one, one of our own, which another one replaces
 * after 6 days. That next one is made together with it, so that whoever was told the hashes before can connect after.
 */
export class ServerCertificate {
  readonly #clock: Clock;
  readonly #nowMs: () => number;
  #given: TlsCertificate | null = null;
  #hashes: readonly string[] = [];
  /** Ours: the one in use and the next one. */
  #own: { used: DevelopmentCertificate; next: DevelopmentCertificate; usedUntilMs: number } | null = null;
  readonly #users = new Set<(certificate: TlsCertificate) => void>();
  #timer: unknown = null;

  /** @param nowMs the time of the calendar, in milliseconds since 1970 */
  constructor(given: TlsCertificate | undefined, clock: Clock, nowMs: () => number = unixTimeMs) {
    this.#clock = clock;
    this.#nowMs = nowMs;
    if (given) this.set(given);
  }

  get current(): TlsCertificate {
    return this.#given ?? this.#renewed().used;
  }

  /**
   * SHA-256, in base64url, of what a page may meet without a certificate authority: of our own certificates, the one in
   * use first; of a given one if browsers accept it by its hash; none of an authority's.
   */
  get hashes(): readonly string[] {
    if (this.#given) return this.#hashes;
    const { used, next } = this.#renewed();
    return [used.hash, next.hash];
  }

  /**
   * Replaces it for all connections from now on, or changes nothing.
   *
   * @throws as {@link tlsCertificateOption}; what those throw that use it
   */
  set(tls: TlsCertificate): void {
    tlsCertificateOption("tls", tls);
    const [given, hashes, own] = [this.#given, this.#hashes, this.#own];
    this.#given = { cert: tls.cert, key: tls.key };
    this.#hashes = hashesOf(new X509Certificate(tls.cert));
    this.#own = null;
    try {
      this.#tell();
    } catch (error) {
      [this.#given, this.#hashes, this.#own] = [given, hashes, own];
      this.#tell();
      throw error;
    }
  }

  /** Calls `use` with each certificate that replaces the current one, until the returned function is called. */
  onReplaced(use: (certificate: TlsCertificate) => void): () => void {
    this.#users.add(use);
    this.#look();
    return () => {
      this.#users.delete(use);
      if (this.#users.size > 0 || this.#timer === null) return;
      this.#clock.clearTimeout(this.#timer);
      this.#timer = null;
    };
  }

  /** The certificates of our own, after those whose time is over have been replaced. */
  #renewed() {
    const nowMs = this.#nowMs();
    const own = this.#own;
    if (own && nowMs < own.usedUntilMs) return own;
    // After 12 days, which a machine may sleep, neither is valid for long enough any more.
    const isNextUsable = own && nowMs < own.usedUntilMs + RENEW_MS;
    const used = isNextUsable ? own.next : createDevelopmentCertificate(nowMs);
    const usedUntilMs = (isNextUsable ? own.usedUntilMs : nowMs) + RENEW_MS;
    this.#own = { used, next: createDevelopmentCertificate(nowMs), usedUntilMs };
    if (own) this.#tell();
    return this.#own;
  }

  #tell(): void {
    const { current } = this;
    for (const use of [...this.#users]) use(current);
  }

  #look(): void {
    if (!this.#given) this.#renewed();
    this.#timer ??= this.#clock.setTimeout(() => {
      this.#timer = null;
      if (this.#users.size > 0) this.#look();
    }, LOOK_MS);
  }
}

/** The hash of a certificate that browsers accept by it: self-signed, with an elliptic curve, valid for 14 days. */
function hashesOf(certificate: X509Certificate): string[] {
  const validMs = Date.parse(certificate.validTo) - Date.parse(certificate.validFrom);
  const isOwn = certificate.checkIssued(certificate) && certificate.publicKey.asymmetricKeyType === "ec";
  return isOwn && validMs <= MAX_HASHED_MS ? [createHash("sha256").update(certificate.raw).digest("base64url")] : [];
}
