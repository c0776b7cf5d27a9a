import { execFileSync, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";

const SETTINGS = [
  "net.ipv4.conf.all.rp_filter=0",
  "net.ipv4.conf.default.rp_filter=0",
  "net.core.somaxconn=4096",
  "net.ipv4.tcp_max_syn_backlog=8192",
  "net.ipv4.ip_local_port_range=1024\t65000",
];

/**
 * A server, attackers and players in network namespaces of their own: the server has a cable to each of the others. The
 * attackers have all addresses of 10.64.0.0/10, the players all of 10.200.0.0/16. Nothing in it reaches the network of
 * the machine.
 */
export class AttackNetwork {
  #prefix = `vs-attack-${randomBytes(4).toString("hex")}`;
  /** Where the server listens. */
  host = "10.250.0.1";

  constructor() {
    try {
      this.#build();
    } catch (error) {
      this.remove();
      throw error;
    }
  }

  /** What to put before a command to run it as "server", "attackers" or "players". */
  prefix(role) {
    return ["ip", "netns", "exec", this.#name(role)];
  }

  /** Loads rules of nftables on the server. */
  loadRules(rules) {
    const [command, ...first] = this.prefix("server");
    execFileSync(command, [...first, "nft", "-f", "-"], { input: rules, stdio: ["pipe", "ignore", "inherit"] });
  }

  remove() {
    for (const role of ["server", "attackers", "players"]) {
      try {
        execFileSync("ip", ["netns", "delete", this.#name(role)], { stdio: "ignore" });
      } catch {
        // It was not made.
      }
    }
  }

  #name(role) {
    return `${this.#prefix}-${role}`;
  }

  #build() {
    for (const role of ["server", "attackers", "players"]) {
      ip("netns", "add", this.#name(role));
      const [command, ...first] = this.prefix(role);
      // Where /proc/sys may not be written, the defaults have to do.
      spawnSync(command, [...first, "sysctl", "-qew", ...SETTINGS]);
    }
    const on = (role, ...parameters) => ip("-n", this.#name(role), ...parameters);
    on("server", "address", "add", `${this.host}/32`, "dev", "lo");
    for (const [role, network, cable] of [
      ["attackers", "10.64.0.0/10", "10.251.0"],
      ["players", "10.200.0.0/16", "10.252.0"],
    ]) {
      on("server", "link", "add", role, "type", "veth", "peer", "name", "eth0", "netns", this.#name(role));
      on("server", "address", "add", `${cable}.1/30`, "dev", role);
      on(role, "address", "add", `${cable}.2/30`, "dev", "eth0");
      on("server", "link", "set", role, "up");
      for (const link of ["lo", "eth0"]) on(role, "link", "set", link, "up");
      on("server", "route", "add", network, "via", `${cable}.2`);
      on(role, "route", "add", `${this.host}/32`, "via", `${cable}.1`);
      // Each address of the network is its own.
      on(role, "route", "add", "local", network, "dev", "lo");
    }
    on("server", "link", "set", "lo", "up");
  }
}

function ip(...parameters) {
  execFileSync("ip", parameters, { stdio: ["ignore", "ignore", "pipe"] });
}

/** Why there can be no {@link AttackNetwork} here, or null if there can. */
export const whyNoAttackNetwork = (() => {
  if (process.getuid?.() !== 0) return "network namespaces need root";
  try {
    for (const [command, argument] of [
      ["ip", "-Version"],
      ["gcc", "--version"],
    ]) {
      execFileSync(command, [argument], { stdio: "ignore" });
    }
    new AttackNetwork().remove();
    return null;
  } catch (error) {
    return `no network namespaces, or no gcc: ${error.message}`;
  }
})();
