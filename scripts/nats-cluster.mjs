// Starts and ends NATS servers on loopback, for tests and benches.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { natsServer } from "./nats-server.mjs";

/** Ports that nobody uses at the moment. */
async function freePorts(count) {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  return ports;
}

const configurationOf = ({ name, folder, port, monitorPort, cluster, jetstream, more }) => `
server_name: ${name}
listen: "127.0.0.1:${port}"
http: "127.0.0.1:${monitorPort}"
jetstream { store_dir: "${folder}", max_mem: 1G, max_file: 4G ${jetstream} }
${cluster ? clusterOf(cluster.port, cluster.ports) : ""}
${more}
`;

const clusterOf = (port, ports) => `
cluster {
  name: tests, listen: "127.0.0.1:${port}"
  routes: [${ports.map((other) => `"nats://127.0.0.1:${other}"`).join(", ")}]
}`;

class NodeProcess {
  #program;
  #settings;
  #child;
  #log = "";

  constructor(program, settings) {
    this.address = `127.0.0.1:${settings.port}`;
    this.#program = program;
    this.#settings = settings;
    mkdirSync(settings.folder, { recursive: true });
    writeFileSync(this.#configuration, configurationOf(settings));
  }

  get #configuration() {
    return `${this.#settings.folder}.conf`;
  }

  start() {
    const child = spawn(this.#program, ["-c", this.#configuration], { stdio: ["ignore", "ignore", "pipe"] });
    child.stderr.on("data", (text) => {
      this.#log = (this.#log + text).slice(-10_000);
    });
    // A test that is ended in its midst leaves no server behind.
    const end = () => child.kill("SIGKILL");
    process.once("exit", end);
    child.once("exit", () => process.off("exit", end));
    this.#child = child;
  }

  /** Waits until it takes part: alone it needs its disk, in a cluster a leader too. */
  async ready() {
    for (let attempt = 0; attempt < 1500; attempt++) {
      if (this.#child?.exitCode !== null) break;
      if ((await this.#ask("healthz"))?.ok) return;
      await delay(20);
    }
    throw new Error(`nats-server is not ready:\n${this.#log}`);
  }

  /** Whether it leads the cluster, and has heard of all others that they are there: only then they get streams. */
  async leads(others) {
    const { leader, replicas = [] } = (await (await this.#ask("jsz"))?.json())?.meta_cluster ?? {};
    const present = replicas.filter(({ current, offline }) => current && !offline);
    return leader === this.#settings.name && present.length === others;
  }

  /** What its monitoring says; null: nothing. */
  #ask(page) {
    return fetch(`http://127.0.0.1:${this.#settings.monitorPort}/${page}`).catch(() => null);
  }

  get pid() {
    return this.#child?.pid;
  }

  signal(signal) {
    this.#child?.kill(signal);
  }

  async kill() {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }

  async restart() {
    await this.kill();
    this.start();
    await this.ready();
  }
}

async function haveMet(nodes) {
  for (let attempt = 0; attempt < 1500; attempt++) {
    const leads = await Promise.all(nodes.map((node) => node.leads(nodes.length - 1)));
    if (leads.includes(true)) return;
    await delay(20);
  }
  throw new Error("No NATS server leads all others");
}

export async function startNats(count, { program, jetstream = "", more = "" } = {}) {
  const path = program ?? (await natsServer());
  const folder = mkdtempSync(join(tmpdir(), "nats-"));
  const ports = await freePorts(3 * count);
  const clusterPorts = ports.splice(0, count);
  const monitorPorts = ports.splice(0, count);
  const nodes = ports.map((port, at) => {
    const name = `n${at}`;
    const cluster = count > 1 ? { port: clusterPorts[at], ports: clusterPorts } : null;
    const settings = { name, folder: join(folder, name), port, monitorPort: monitorPorts[at] };
    return new NodeProcess(path, { ...settings, cluster, jetstream, more });
  });
  const close = async () => {
    await Promise.all(nodes.map((node) => node.kill()));
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    for (const node of nodes) node.start();
    await Promise.all(nodes.map((node) => node.ready()));
    if (count > 1) await haveMet(nodes);
  } catch (error) {
    await close();
    throw error;
  }
  return { nodes, servers: nodes.map(({ address }) => address), close };
}
