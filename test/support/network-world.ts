import { type ChildProcess, fork, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";

/** How a router translates UDP from the hosts behind it (the names of RFC 3489). */
export type Nat = "full-cone" | "restricted" | "port-restricted" | "symmetric";

/** Hosts and routers of a {@link NetworkWorld}. */
const names = ["net", "routerA", "routerB", "a", "a2", "b", "p", "q"] as const;
export type HostName = (typeof names)[number];

/** The address of the services on `net`. */
export const SERVICE_ADDRESS = "192.0.2.1";

export const addresses = {
  a: "192.168.1.2",
  a2: "192.168.1.3",
  b: "192.168.2.2",
  p: "198.18.1.2",
  q: "198.18.2.2",
  routerA: "203.0.113.2",
  routerB: "198.51.100.2",
} as const;

/** Why network namespaces cannot be created here, or null if they can. */
export const whyNoNamespaces = process.getuid?.() === 0 ? null : "network namespaces need root";

/**
 * A small internet in network namespaces: `a` and `a2` in the local network of `routerA`, `b` in that of `routerB`, `p`
 * and `q` with public addresses, and `net` between all of them. Nothing in it reaches the machine's own network.
 */
export class NetworkWorld {
  readonly #prefix = `vs-${randomBytes(4).toString("hex")}`;
  readonly #children = new Set<ChildProcess>();
  readonly #onExit = () => this.#remove();

  constructor() {
    process.on("exit", this.#onExit);
    try {
      this.#build();
    } catch (error) {
      this.remove();
      throw error;
    }
  }

  /** The name of the namespace of a host. */
  namespace(host: HostName): string {
    return `${this.#prefix}-${host}`;
  }

  /** Starts a program of `test/programs/` on a host, with an IPC channel. */
  start(host: HostName, program: string, parameters: string[]): ChildProcess {
    const path = (name: string) => fileURLToPath(new URL(`../programs/${name}`, import.meta.url));
    const loader = program.endsWith(".ts") ? ["--import", path("typescript.mjs")] : [];
    const execPath = "ip";
    const execArgv = ["netns", "exec", this.namespace(host), process.execPath, ...loader];
    const child = fork(path(program), parameters, {
      execPath,
      execArgv,
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    this.#children.add(child);
    child.on("exit", () => this.#children.delete(child));
    return child;
  }

  /** Runs a script with Node on a host until it ends. */
  run(host: HostName, script: string): Promise<{ code: number | null; output: string }> {
    const child = spawn("ip", ["netns", "exec", this.namespace(host), process.execPath, script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.#children.add(child);
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    return new Promise((resolve) => {
      child.on("close", (code) => {
        this.#children.delete(child);
        resolve({ code, output });
      });
    });
  }

  /** Sets how a router translates UDP, and how many percent of what passes it drops, in either direction. */
  setNat(router: "routerA" | "routerB", nat: Nat, lossPercent = 0): void {
    const host = router === "routerA" ? addresses.a : addresses.b;
    const inward = {
      "full-cone": `iifname "wan" meta l4proto udp dnat to ${host}`,
      restricted: `iifname "wan" ip saddr @contacted meta l4proto udp dnat to ${host}`,
      "port-restricted": "",
      symmetric: "",
    }[nat];
    const outward = `oifname "wan" masquerade${nat === "symmetric" ? " fully-random" : ""}`;
    const loss = lossPercent === 0 ? "" : `meta l4proto udp numgen random mod 100 < ${lossPercent} drop`;
    // Packets for which there is no mapping must be dropped at once. If the kernel tracked a connection for them, that
    // would take the port that a host is about to use, and a cone router would become a symmetric one.
    this.#nft(router, [
      "flush ruleset",
      "table ip router {",
      "set contacted { type ipv4_addr; flags dynamic; size 1024; }",
      `chain inward { type nat hook prerouting priority dstnat; ${inward}; }`,
      `chain outward { type nat hook postrouting priority srcnat; ${outward}; }`,
      'chain self { type filter hook input priority filter; iifname "wan" meta l4proto udp drop; }',
      'chain passing { type filter hook forward priority filter; oifname "wan" update @contacted { ip daddr }; }',
      `chain losing { type filter hook forward priority filter; ${loss}; }`,
      "}",
    ]);
  }

  /** How many percent of the packets between the networks, or of those of UDP, are dropped, in each direction. */
  setLoss(percent: number, of: "all" | "udp" = "all"): void {
    const which = of === "udp" ? "meta l4proto udp " : "";
    this.#drop(`${which}${percent === 100 ? "drop" : `numgen random mod 100 < ${percent} drop`}`);
  }

  /**
   * Each `every`th packet between the networks is dropped: the same in each run, where by chance a packet of TCP can be
   * lost so often that a line stands still for seconds.
   */
  setEvenLoss(every: number): void {
    this.#drop(`numgen inc mod ${every} == 0 drop`);
  }

  #drop(loss: string): void {
    this.#nft("net", [
      "flush ruleset",
      "table ip line {",
      `chain losing { type filter hook forward priority filter; ${loss}; }`,
      "}",
    ]);
  }

  /** Ends the programs in it and removes the namespaces. */
  remove(): void {
    process.off("exit", this.#onExit);
    this.#remove();
  }

  #remove(): void {
    for (const child of this.#children) child.kill("SIGKILL");
    this.#children.clear();
    for (const name of names) {
      // Processes that a program has started would keep the namespace alive.
      const { stdout } = spawnSync("ip", ["netns", "pids", this.namespace(name)], { encoding: "utf8" });
      for (const id of (stdout ?? "").split("\n").filter(Boolean)) kill(Number(id));
      spawnSync("ip", ["netns", "del", this.namespace(name)]);
    }
  }

  #build(): void {
    const lines = names.flatMap((name) => [`netns add ${this.namespace(name)}`]);
    this.#ip(null, lines);
    for (const name of names) {
      const settings = "cd /proc/sys/net && echo 1 > ipv6/conf/all/disable_ipv6 && echo 1 > ipv4/ip_forward";
      this.#run("ip", ["netns", "exec", this.namespace(name), "sh", "-c", settings], "");
      this.#ip(name, ["link set lo up"]);
    }
    this.#ip("net", [
      `addr add ${SERVICE_ADDRESS}/32 dev lo`,
      ...this.#link("toA", "203.0.113.1/24", "routerA", "wan"),
      ...this.#link("toB", "198.51.100.1/24", "routerB", "wan"),
      ...this.#link("toP", "198.18.1.1/24", "p", "eth0"),
      ...this.#link("toQ", "198.18.2.1/24", "q", "eth0"),
    ]);
    this.#ip("routerA", [
      ...up("wan", `${addresses.routerA}/24`, "203.0.113.1"),
      "link add lan type bridge",
      ...up("lan", "192.168.1.1/24"),
      `link add portA type veth peer name eth0 netns ${this.namespace("a")}`,
      `link add portA2 type veth peer name eth0 netns ${this.namespace("a2")}`,
      "link set portA master lan up",
      "link set portA2 master lan up",
    ]);
    this.#ip("routerB", [
      ...up("wan", `${addresses.routerB}/24`, "198.51.100.1"),
      ...this.#link("lan", "192.168.2.1/24", "b", "eth0"),
    ]);
    this.#ip("a", up("eth0", `${addresses.a}/24`, "192.168.1.1"));
    this.#ip("a2", up("eth0", `${addresses.a2}/24`, "192.168.1.1"));
    this.#ip("b", up("eth0", `${addresses.b}/24`, "192.168.2.1"));
    this.#ip("p", up("eth0", `${addresses.p}/24`, "198.18.1.1"));
    this.#ip("q", up("eth0", `${addresses.q}/24`, "198.18.2.1"));
  }

  #link(device: string, address: string, peer: HostName, peerDevice: string): string[] {
    return [
      `link add ${device} type veth peer name ${peerDevice} netns ${this.namespace(peer)}`,
      ...up(device, address),
    ];
  }

  #ip(host: HostName | null, lines: string[]): void {
    const inside = host === null ? [] : ["-n", this.namespace(host)];
    this.#run("ip", [...inside, "-batch", "-"], `${lines.join("\n")}\n`);
  }

  #nft(host: HostName, rules: string[]): void {
    this.#run("ip", ["netns", "exec", this.namespace(host), "nft", "-f", "-"], `${rules.join("\n")}\n`);
  }

  #run(command: string, parameters: string[], input: string): void {
    const { status, stderr, error } = spawnSync(command, parameters, { input, encoding: "utf8" });
    if (error) throw error;
    if (status !== 0) throw new Error(`${command} ${parameters.join(" ")}: ${stderr}`);
  }
}

function kill(id: number): void {
  try {
    process.kill(id, "SIGKILL");
  } catch {
    // It has already ended.
  }
}

function up(device: string, address: string, gateway?: string): string[] {
  const route = gateway === undefined ? [] : [`route add default via ${gateway}`];
  return [`addr add ${address} dev ${device}`, `link set ${device} up`, ...route];
}
