import { createHash, X509Certificate } from "node:crypto";
import { readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import { join } from "node:path";
import { connect } from "node:tls";
import { afterEach, beforeEach, expect, test } from "vitest";
import { authenticatedOnly, Endpoint, Library, NetworkingIdentity, NetworkingSockets } from "../../lib/index.js";
import { temporaryFolder } from "../support/packed.js";
import { startCommand } from "./command.js";

const run = (...args: string[]) => startCommand("cert", ...args).end();

let folder: string;
let remove: () => void;
beforeEach(() => {
  ({ folder, remove } = temporaryFolder());
});
afterEach(() => remove());

const read = (name: string) => readFileSync(join(folder, name), "utf8");
const modeOf = (name: string) => statSync(join(folder, name)).mode & 0o777;

test("a certificate for browsers: a TLS server takes its files, and the hash is its own", async () => {
  const { code, stdout, stderr } = await run("--out", folder, "--json");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const { hash, ...files } = JSON.parse(stdout);
  expect(files).toEqual({ certFile: join(folder, "cert.pem"), keyFile: join(folder, "key.pem") });
  expect([modeOf("key.pem"), modeOf("cert.pem") & 0o700]).toEqual([0o600, 0o600]);
  const certificate = new X509Certificate(read("cert.pem"));
  expect(createHash("sha256").update(certificate.raw).digest("base64url")).toBe(hash);

  const server = createServer({ cert: read("cert.pem"), key: read("key.pem") }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  const client = connect({ host: "127.0.0.1", port, ca: read("cert.pem"), servername: "localhost" });
  await new Promise((resolve, reject) => client.once("secureConnect", resolve).once("error", reject));
  client.destroy();
  await new Promise((resolve) => server.close(resolve));
});

test("without a folder everything is printed", async () => {
  const { hash, cert, key, ...others } = JSON.parse((await run("--json")).stdout);
  expect(others).toEqual({});
  expect(createHash("sha256").update(new X509Certificate(cert).raw).digest("base64url")).toBe(hash);
  expect(key).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
  const { stdout } = await run();
  expect(stdout).toMatch(/^hash {7}[\w-]{43}\ncert {7}-----BEGIN CERTIFICATE-----\n/);
});

test("no file is written over, and none is left behind", async () => {
  writeFileSync(join(folder, "key.pem"), "mine");
  expect(await run("--out", folder)).toMatchObject({
    code: 1,
    stdout: "",
    stderr: expect.stringContaining("is there already, and is not written over"),
  });
  expect([readdirSync(folder), read("key.pem")]).toEqual([["key.pem"], "mine"]);
});

test("a folder is made with those that it lies in, and where none can be made that is said", async () => {
  expect(await run("--out", join(folder, "a", "b"))).toMatchObject({ code: 0 });
  expect(readdirSync(join(folder, "a", "b"))).toEqual(["cert.pem", "key.pem"]);
  writeFileSync(join(folder, "file"), "");
  for (const out of ["/proc/none", join(folder, "file"), join(folder, "file", "b")])
    expect(await run("--out", out)).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining(out) });
});

test("an authority whose files are something else is named", async () => {
  for (const name of ["authority.key", "authority.txt"]) writeFileSync(join(folder, name), "nonsense");
  const { code, stdout, stderr } = await run("--identity", "str:eu-1", "--out", folder);
  expect([code, stdout]).toEqual([1, ""]);
  expect(stderr).toMatch(/^The certificate is not made: authority\.key and authority\.txt in .* are no authority/);
  expect(readdirSync(folder).sort()).toEqual(["authority.key", "authority.txt"]);
});

test("a link is not followed, and a name leads nowhere else", async () => {
  symlinkSync(join(folder, "target"), join(folder, "cert.pem"));
  expect(await run("--out", folder)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("is there already, and is not written over"),
  });
  expect(readdirSync(folder)).toEqual(["cert.pem"]);
  for (const name of ["str:../x", "str:a/b", "str:", "steamid:1", "str:a\nb"]) {
    expect(await run("--identity", name, "--out", folder)).toMatchObject({ code: 2, stdout: "" });
  }
});

test("certificates of GNS: a client of the authority trusts the servers", async () => {
  const certs = join(folder, "new", "certs");
  const first = JSON.parse((await run("--identity", "str:eu-1", "--out", certs, "--json")).stdout);
  expect(first.certificateFile).toBe(join(certs, "eu-1.cert"));
  expect(readdirSync(certs).sort()).toEqual(["authority.key", "authority.txt", "eu-1.cert"]);
  expect([modeOf("new/certs/authority.key"), modeOf("new/certs/eu-1.cert")]).toEqual([0o600, 0o600]);
  const second = JSON.parse((await run("--identity", "str:eu-2", "--out", certs, "--days", "1", "--json")).stdout);
  expect(second.authority).toBe(first.authority);
  expect(await run("--identity", "str:eu-2", "--out", certs)).toMatchObject({ code: 1 });

  Library.initialize({ identity: NetworkingIdentity.parse("str:eu-2") as NetworkingIdentity });
  Library.addCertificateAuthority(read("new/certs/authority.txt").trim());
  new NetworkingSockets().setCertificate(Buffer.from(read("new/certs/eu-2.cert"), "base64"));
  const endpoint = new Endpoint();
  const { port } = endpoint.listen({ host: "127.0.0.1", port: 0 });
  const connection = await endpoint.connect({ host: "127.0.0.1", port, config: authenticatedOnly });
  expect(String(connection.identity)).toBe("str:eu-2");
  await endpoint.close();
  Library.deinitialize();
});
