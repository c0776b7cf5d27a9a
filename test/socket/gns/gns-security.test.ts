import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { createCertificate, createCertificateAuthority, NetworkingIdentity } from "../../../lib/index.js";
import { GnsSocketPeer } from "../../support/gns-socket-peer.js";

// Certificates are the whole process's, so each end is a process of its own.
const authority = createCertificateAuthority();
const otherAuthority = createCertificateAuthority();
const program = fileURLToPath(new URL("../../programs/gns-socket-peer.mjs", import.meta.url));
const peers: GnsSocketPeer[] = [];

const certified = (name: string, by = authority) => {
  const identity = NetworkingIdentity.parse(`str:${name}`) as NetworkingIdentity;
  const certificate = Buffer.from(createCertificate(by, { identity })).toString("base64");
  return { authority: by.certificate, certificate, identity: name };
};

function start(settings: object): GnsSocketPeer {
  const peer = new GnsSocketPeer(fork(program, [JSON.stringify(settings)]));
  peers.push(peer);
  return peer;
}

afterEach(() => Promise.all(peers.splice(0).map((peer) => peer.end())));

test("a client that insists on the server's certificate gets an authenticated connection", async () => {
  const server = start({ listen: true, ...certified("eu-1") });
  const port = await server.hear("port");
  const client = start({ listen: false, port, authority: authority.certificate, authenticated: true, packets: 10 });
  expect(await client.hear("connected")).toMatchObject({ security: "authenticated", identity: "str:eu-1" });
  expect(await server.hear("connected")).toMatchObject({ security: "encrypted" });
  expect(await client.hear("done")).toBe(true);
});

test("a server sees the certificate of a client before it accepts the connection", async () => {
  const server = start({ listen: true, ...certified("eu-1") });
  const client = start({ listen: false, port: await server.hear("port"), ...certified("alice"), packets: 10 });
  expect(await server.hear("incoming")).toMatchObject({ security: "authenticated" });
  expect(await server.hear("connected")).toMatchObject({ security: "authenticated", identity: "str:alice" });
  expect(await client.hear("done")).toBe(true);
});

test("a client that insists on a certificate refuses a server with one of another authority", async () => {
  const server = start({ listen: true, ...certified("eu-1", otherAuthority) });
  const port = await server.hear("port");
  const client = start({ listen: false, port, authority: authority.certificate, authenticated: true });
  expect(await client.hear("failed")).toMatchObject({ code: "ERR_BAD_CERTIFICATE", endReason: 4003 });
});
