import { createHash, X509Certificate } from "node:crypto";
import { expect, test } from "vitest";
import { createDevelopmentCertificate, type TlsCertificate } from "../../../lib/socket/tls/development-certificate.js";
import { ServerCertificate } from "../../../lib/socket/tls/server-certificate.js";
import { FakeClock } from "../../../lib/testing/index.js";
import { createTlsIdentity } from "../../support/tls-identity.js";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const START_MS = Date.UTC(2026, 10, 29);

function newWorld(given?: TlsCertificate) {
  const clock = new FakeClock();
  let sleptMs = 0;
  const nowMs = () => START_MS + clock.now() + sleptMs;
  const certificate = new ServerCertificate(given, clock, nowMs);
  const replaced: TlsCertificate[] = [];
  const sleep = (ms: number) => {
    sleptMs += ms;
  };
  const listen = () => certificate.onReplaced((next) => replaced.push(next));
  return { clock, nowMs, certificate, replaced, sleep, listen };
}

const hashOf = ({ cert }: TlsCertificate) =>
  createHash("sha256").update(new X509Certificate(cert).raw).digest("base64url");

test("one of our own is replaced after 6 days, by the one whose hash was told all that time", () => {
  const { clock, certificate, replaced, listen } = newWorld();
  const stop = listen();
  const told = certificate.hashes;
  expect(hashOf(certificate.current)).toBe(told[0]);
  clock.advance(6 * DAY_MS - 1);
  expect(replaced).toEqual([]);
  expect(certificate.hashes).toEqual(told);
  clock.advance(HOUR_MS);
  expect(replaced).toEqual([certificate.current]);
  expect(hashOf(certificate.current)).toBe(told[1]);
  expect(certificate.hashes[0]).toBe(told[1]);
  expect(told).not.toContain(certificate.hashes[1]);
  clock.advance(30 * DAY_MS);
  expect(replaced.length).toBe(6);
  stop();
  expect(clock.timerCount).toBe(0);
});

test("without listeners it is replaced when somebody asks", () => {
  const { clock, certificate } = newWorld();
  const [, next] = certificate.hashes;
  clock.advance(6 * DAY_MS);
  expect(hashOf(certificate.current)).toBe(next);
});

test.each([0, 3, 7, 11.9, 12.1, 40])("after a sleep of %d days, each is valid for two hours more", (days) => {
  const { clock, nowMs, certificate, sleep, listen } = newWorld();
  listen();
  sleep(days * DAY_MS);
  for (let hour = 0; hour < 24 * 14; hour += 4) {
    clock.advance(4 * HOUR_MS);
    const { validFrom, validTo } = new X509Certificate(certificate.current.cert);
    expect(Date.parse(validFrom)).toBeLessThan(nowMs());
    expect(Date.parse(validTo)).toBeGreaterThan(nowMs() + 2 * HOUR_MS);
  }
});

test("a given one is not replaced by itself", () => {
  const given = createTlsIdentity();
  const { clock, certificate, replaced, listen } = newWorld(given);
  listen();
  clock.advance(20 * DAY_MS);
  expect(replaced).toEqual([]);
  expect(certificate.current).toEqual(given);
});

test("another one takes its place, and its listeners hear of it", () => {
  const { certificate, replaced, listen } = newWorld();
  const stop = listen();
  const [first, second] = [createTlsIdentity(), createTlsIdentity()];
  certificate.set(first);
  stop();
  certificate.set(second);
  expect(replaced).toEqual([first]);
  expect(certificate.current).toEqual(second);
});

test("a page may know a given one by its hash if browsers accept that", () => {
  const hashesOf = (given: TlsCertificate) => newWorld(given).certificate.hashes;
  const own = createDevelopmentCertificate();
  expect(hashesOf(own)).toEqual([own.hash]);
  expect(hashesOf(createTlsIdentity({ days: 15 }))).toEqual([]);
  expect(hashesOf(createTlsIdentity({ keyType: "rsa" }))).toEqual([]);
  expect(hashesOf(createTlsIdentity({ issuer: createTlsIdentity() }))).toEqual([]);
});

test.each([
  ["nothing", null, TypeError],
  ["no key", { cert: "" }, TypeError],
  ["no PEM", { cert: "cert", key: "key" }, RangeError],
  ["another's key", { cert: createTlsIdentity().cert, key: createTlsIdentity().key }, RangeError],
])("refuses %s, and keeps what it has", (_name, tls, type) => {
  const given = createTlsIdentity();
  const { certificate } = newWorld(given);
  expect(() => certificate.set(tls as TlsCertificate)).toThrow(type);
  expect(certificate.current).toEqual(given);
});
