import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface TlsIdentityOptions {
  days?: number;
  keyType?: "ec" | "rsa";
  /** Of an elliptic curve, as OpenSSL names it. */
  curveName?: string;
  /** Who signs it, in place of itself. */
  issuer?: { cert: string; key: string };
}

/** A new certificate for localhost, and its key, in PEM. */
export function createTlsIdentity({
  days = 2,
  keyType = "ec",
  curveName = "prime256v1",
  issuer,
}: TlsIdentityOptions = {}): {
  cert: string;
  key: string;
} {
  const folder = mkdtempSync(join(tmpdir(), "valve-sockets-tls-"));
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const names = "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1";
  const curve = keyType === "ec" ? ["-newkey", "ec", "-pkeyopt", `ec_paramgen_curve:${curveName}`] : ["-newkey", "rsa"];
  const signed: string[] = [];
  if (issuer) {
    for (const part of ["cert", "key"] as const) {
      const path = join(folder, `issuer-${part}.pem`);
      writeFileSync(path, issuer[part]);
      signed.push(part === "cert" ? "-CA" : "-CAkey", path);
    }
  }
  const subject = ["-subj", issuer ? "/CN=leaf" : "/CN=localhost", "-addext", names, "-days", String(days)];
  const made = [...curve, "-nodes", ...subject, ...signed, "-keyout", key, "-out", cert];
  execFileSync("openssl", ["req", "-x509", ...made], { stdio: "ignore" });
  const identity = { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
  rmSync(folder, { recursive: true });
  return identity;
}
