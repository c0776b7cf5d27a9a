import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { natsServer } from "../../scripts/nats-server.mjs";
import { temporaryFolder } from "../support/packed.js";
import { root } from "../support/runtimes.js";
import { createTlsIdentity } from "../support/tls-identity.js";
import { findCodeBlocks } from "./code-blocks.js";

const blocksOf = (page: string) => findCodeBlocks(page, readFileSync(join(root, "docs", page), "utf8"));

test("the manifests of docs/rooms.md are YAML, and their probes, ports and times fit the page", () => {
  const page = readFileSync(join(root, "docs", "rooms.md"), "utf8");
  const documents = blocksOf("rooms.md")
    .filter(({ language }) => language === "yaml")
    .flatMap(({ code }) => parseAllDocuments(code, { uniqueKeys: true, strict: true }));
  expect(documents.flatMap(({ errors, warnings }) => [...errors, ...warnings])).toEqual([]);
  const manifests = documents.map((document) => document.toJS());
  expect(manifests.map(({ apiVersion, kind }) => [apiVersion, kind])).toEqual([
    ["agones.dev/v1", "Fleet"],
    ["apps/v1", "Deployment"],
  ]);
  const [fleet, deployment] = manifests;
  expect(deployment.spec.selector.matchLabels).toEqual(deployment.spec.template.metadata.labels);
  expect(fleet.spec.template.spec.ports[0]).toMatchObject({ protocol: "UDP", containerPort: 7777 });
  for (const { spec } of [fleet.spec.template.spec.template, deployment.spec.template]) {
    const [{ livenessProbe, readinessProbe, env }] = spec.containers;
    const port = Number(/new Health\(host, \{ port: (\d+) \}/.exec(page)?.[1]);
    expect([livenessProbe.httpGet, readinessProbe.httpGet]).toEqual([
      { path: "/livez", port },
      { path: "/readyz", port },
    ]);
    expect(env.map(({ name }: { name: string }) => name)).toEqual(
      expect.arrayContaining(["NATS_PASSWORD", "FLEET_KEY"]),
    );
    const deadlineMs = Number(/drainOnSignal\(host, \{ deadlineMs: ([\d_]+)/.exec(page)?.[1]?.replace("_", ""));
    expect(spec.terminationGracePeriodSeconds * 1000).toBeGreaterThan(deadlineMs);
  }
});

test("a NATS server takes the configuration of docs/rooms-engine.md for three servers", async () => {
  const { folder, remove } = temporaryFolder();
  onTestFinished(remove);
  const { code = "" } = blocksOf("rooms-engine.md").find(({ file }) => file === "nats.conf") ?? {};
  expect(code).toContain("sync_interval: always");
  mkdirSync(join(folder, "store"));
  const { cert, key } = createTlsIdentity();
  for (const [name, text] of Object.entries({ "server.pem": cert, "server.key": key, "ca.pem": cert }))
    writeFileSync(join(folder, name), text);
  const file = join(folder, "nats.conf");
  writeFileSync(file, code.replaceAll("/etc/nats", folder).replaceAll("/var/lib/nats", join(folder, "store")));
  const env = { ...process.env, ADMIN_PASSWORD: "one", NATS_PASSWORD: "two" };
  const program = await natsServer();
  const check = (path: string) => spawnSync(program, ["-t", "-c", path], { env, encoding: "utf8" });
  const { status, stderr } = check(file);
  expect([status, stderr]).toEqual([0, expect.stringContaining("is valid")]);
  // It tells what it does not know.
  writeFileSync(file, code.replace("sync_interval", "sync_intervals"));
  expect(check(file).status).toBe(1);
});
