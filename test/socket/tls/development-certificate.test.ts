import { execFileSync } from "node:child_process";
import { createHash, createPrivateKey, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { connect } from "node:tls";
import { expect, onTestFinished, test } from "vitest";
import { createDevelopmentCertificate } from "../../../lib/socket/tls/development-certificate.js";
import { temporaryFolder } from "../../support/packed.js";

const NOW_MS = Date.UTC(2026, 10, 29, 12, 34, 56);

test("has the hash, the key, the names and the time that it says", () => {
  const { cert, key, hash } = createDevelopmentCertificate(NOW_MS);
  const certificate = new X509Certificate(cert);
  expect(hash).toBe(createHash("sha256").update(certificate.raw).digest("base64url"));
  expect(certificate.checkPrivateKey(createPrivateKey(key))).toBe(true);
  expect(certificate.verify(certificate.publicKey)).toBe(true);
  expect(certificate.publicKey.asymmetricKeyDetails).toMatchObject({ namedCurve: "prime256v1" });
  expect([certificate.subject, certificate.issuer]).toEqual(["CN=valve-sockets", "CN=valve-sockets"]);
  expect(certificate.subjectAltName).toBe("DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1");
  expect([certificate.validFrom, certificate.validTo].map((text) => new Date(text).toISOString())).toEqual([
    "2026-11-29T11:34:56.000Z",
    "2026-12-12T11:34:56.000Z",
  ]);
});

test("OpenSSL reads it, and finds its signature right", () => {
  const { cert } = createDevelopmentCertificate();
  const openssl = (...parameters: string[]) => execFileSync("openssl", parameters, { input: cert, encoding: "utf8" });
  const text = openssl("x509", "-noout", "-text");
  expect(text).toContain("Version: 3 (0x2)");
  expect(text.match(/Signature Algorithm: ecdsa-with-SHA256/g)?.length).toBe(2);
  expect(text).toContain("ASN1 OID: prime256v1");
  const { folder, remove } = temporaryFolder();
  onTestFinished(remove);
  const path = join(folder, "cert.pem");
  writeFileSync(path, cert);
  expect(openssl("verify", "-CAfile", path, "-check_ss_sig", path)).toBe(`${path}: OK\n`);
});

test("no two have the same key or serial number, and each number is positive", () => {
  const made = Array.from({ length: 50 }, () => createDevelopmentCertificate(NOW_MS));
  const serials = made.map(({ cert }) => new X509Certificate(cert).serialNumber);
  for (const serial of serials) expect(serial).toMatch(/^[4-7][0-9A-F]{31}$/);
  expect(new Set(serials).size).toBe(50);
  expect(new Set(made.map(({ hash }) => hash)).size).toBe(50);
  expect(new Set(made.map(({ key }) => key)).size).toBe(50);
});

test.each([
  [Date.UTC(2049, 11, 25), "2049-12-24T23:00:00.000Z", "2050-01-06T23:00:00.000Z"],
  [Date.UTC(2050, 0, 2), "2050-01-01T23:00:00.000Z", "2050-01-14T23:00:00.000Z"],
])("a year that two digits cannot say has four: %d", (nowMs, from, to) => {
  const { validFrom, validTo } = new X509Certificate(createDevelopmentCertificate(nowMs).cert);
  expect([validFrom, validTo].map((text) => new Date(text).toISOString())).toEqual([from, to]);
});

test("serves TLS, to a client that trusts it", async () => {
  const { cert, key } = createDevelopmentCertificate();
  const server = createServer({ cert, key }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const socket = connect({ port, host: "127.0.0.1", servername: "localhost", ca: cert });
  await once(socket, "secureConnect");
  expect(socket.authorized).toBe(true);
  socket.destroy();
  server.close();
});
