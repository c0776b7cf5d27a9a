import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { quoted } from "../printable.js";
import { createDevelopmentCertificate } from "../socket/browser-server.js";
import {
  type CertificateAuthority,
  createCertificate,
  createCertificateAuthority,
  type SignOptions,
} from "../valve/certificates/certificates.js";
import { NetworkingIdentity } from "../valve/values/networking-identity.js";
import { defineCommand, notWritten, UsageError, wholeNumber } from "./command.js";
import { jsonLine } from "./json-line.js";

const USAGE = `Usage: valve-sockets cert [OPTIONS]

Makes a certificate.

Without --identity: one for development with browsers, for localhost, valid for 13 days. Servers take its two files as
tls: { cert, key }, and pages that have its hash connect over WebTransport without an authority (certificateHashes).

  valve-sockets cert --out certs        certs/cert.pem and certs/key.pem; the hash is printed
  valve-sockets cert --json             { "hash": "…", "cert": "-----BEGIN …", "key": "-----BEGIN …" }

With --identity: one of GNS, signed by an authority of your own. certs/authority.key is made at the first time, and
signs the later ones. Clients get the text in certs/authority.txt (Library.addCertificateAuthority); the server named
eu-1 gets certs/eu-1.cert (setCertificate), which is secret and in base64.

  valve-sockets cert --identity str:eu-1 --out certs

  --out FOLDER     writes files there, those that are secret readable for you alone; none is ever written over
  --identity NAME  str:NAME or steamid:NUMBER; needs --out
  --days N         how long a certificate of GNS is valid, 1 to 36500 (365)
  --json           prints one JSON object
  --help           prints this

Exit codes: 0 done, 1 a file cannot be written or read, 2 wrong arguments.
`;

export const certCommand = defineCommand({
  summary: "makes a certificate, for browsers or of GNS",
  usage: USAGE,
  options: {
    out: { type: "string" },
    identity: { type: "string" },
    days: { type: "string" },
    json: { type: "boolean", default: false },
  },
  run({ out, identity, days, json }, positionals) {
    if (positionals.length > 0) throw new UsageError(`It takes no ${positionals.join(" ")}`);
    if (identity === undefined && days !== undefined)
      throw new UsageError("--days is for a certificate of an --identity");
    if (identity !== undefined && out === undefined) throw new UsageError("--identity needs --out FOLDER");
    const validDays = wholeNumber("--days", days, 1, 36_500) ?? 365;
    const make = identity === undefined ? developmentCertificate : gnsCertificate(identity, validDays);
    try {
      const shown = make(out);
      const lines = Object.entries(shown).map(([name, text]) => `${name.padEnd(10)} ${text}\n`);
      process.stdout.write(json ? jsonLine(shown) : lines.join(""));
      return 0;
    } catch (error) {
      if (!(error instanceof AuthorityError || "syscall" in (error as object))) throw error;
      process.stderr.write(`The certificate is not made: ${notWritten(error as Error)}\n`);
      return 1;
    }
  },
});

/** The files of an authority are not what this command has written. */
class AuthorityError extends Error {}

/** What is printed, by its name. */
type Shown = Record<string, string>;

function developmentCertificate(folder: string | undefined): Shown {
  const { hash, cert, key } = createDevelopmentCertificate();
  if (folder === undefined) return { hash, cert, key };
  const files = { certFile: join(folder, "cert.pem"), keyFile: join(folder, "key.pem") };
  writeNew(folder, [
    { path: files.certFile, text: cert },
    { path: files.keyFile, text: key, isSecret: true },
  ]);
  return { hash, ...files };
}

function gnsCertificate(name: string, validDays: number): (folder?: string) => Shown {
  const identity = NetworkingIdentity.parse(name);
  if (!identity || !/^(str:[\w.-]+|steamid:\d+)$/.test(name)) {
    throw new UsageError(`--identity is str:NAME of letters, digits, - . _, or steamid:NUMBER, not ${quoted(name)}`);
  }
  return (folder = ".") => {
    const place = (file: string) => join(folder, file);
    const authorityFile = place("authority.txt");
    const { authority, files } = authorityIn(place("authority.key"), authorityFile);
    const certificate = signed(authority, { identity, validDays }, folder);
    const certificateFile = place(`${name.replace(/^\w+:/, "")}.cert`);
    const text = `${Buffer.from(certificate).toString("base64")}\n`;
    writeNew(folder, [...files, { path: certificateFile, text, isSecret: true }]);
    return { authority: authority.certificate, authorityFile, certificateFile };
  };
}

function signed(authority: CertificateAuthority, options: SignOptions, folder: string): Uint8Array {
  try {
    return createCertificate(authority, options);
  } catch (cause) {
    const text = `authority.key and authority.txt in ${folder} are no authority of this command`;
    throw new AuthorityError(text, { cause });
  }
}

interface NewFile {
  readonly path: string;
  readonly text: string;
  readonly isSecret?: boolean;
}

/** The authority of a folder, or a new one with its files. */
function authorityIn(keyPath: string, textPath: string): { authority: CertificateAuthority; files: NewFile[] } {
  try {
    const privateKey = readFileSync(keyPath, "utf8");
    return { authority: { privateKey, certificate: readFileSync(textPath, "utf8").trim() }, files: [] };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  const authority = createCertificateAuthority();
  const files = [
    { path: keyPath, text: authority.privateKey, isSecret: true },
    { path: textPath, text: `${authority.certificate}\n` },
  ];
  return { authority, files };
}

/** Makes a folder, and those that it lies in. `recursive` of `mkdirSync` never ends below /proc. */
function makeFolder(folder: string): void {
  try {
    mkdirSync(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return;
    const parent = dirname(folder);
    if (code !== "ENOENT" || existsSync(parent)) throw error;
    makeFolder(parent);
    mkdirSync(folder);
  }
}

/** Writes all files, or none. */
function writeNew(folder: string, files: readonly NewFile[]): void {
  makeFolder(folder);
  const written: string[] = [];
  try {
    for (const { path, text, isSecret = false } of files) {
      writeFileSync(path, text, { mode: isSecret ? 0o600 : 0o644, flag: "wx" });
      written.push(path);
    }
  } catch (error) {
    for (const path of written) rmSync(path);
    throw error;
  }
}
