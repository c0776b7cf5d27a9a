import { execFileSync } from "node:child_process";

const SERVER_ADDRESS = "10.77.0.1";
const CLIENT_ADDRESS = "10.77.0.2";

/** Two hosts in network namespaces with a cable between them, which loses packets in both directions. Needs root. */
export class LossyNetwork {
  #names;

  constructor() {
    this.#names = ["server", "client"].map((name) => `vs-bench-${process.pid}-${name}`);
    const [server, client] = this.#names;
    for (const name of this.#names) ip("netns", "add", name);
    ip("link", "add", "eth0", "netns", server, "type", "veth", "peer", "name", "eth0", "netns", client);
    for (const [name, address] of [
      [server, SERVER_ADDRESS],
      [client, CLIENT_ADDRESS],
    ]) {
      ip("-n", name, "address", "add", `${address}/24`, "dev", "eth0");
      ip("-n", name, "link", "set", "lo", "up");
      ip("-n", name, "link", "set", "eth0", "up");
    }
  }

  /** Where the server listens. */
  get host() {
    return SERVER_ADDRESS;
  }

  /** What to put before the commands of server and client. */
  get prefixes() {
    // The rule would drop what the system has not cut yet: many packets at once.
    return this.#names.map((name) => ["ip", "netns", "exec", name, "env", "VALVE_SOCKETS_WITHOUT=gso"]);
  }

  /** Drops so many percent of what arrives, at either end: the sender does not learn of it. */
  setLoss(percent) {
    const rule = `numgen random mod 1000 < ${Math.round(percent * 10)} drop`;
    const chain = `chain in { type filter hook input priority filter; iifname "eth0" ${rule}; }`;
    const rules = `flush ruleset; table ip loss { ${chain}; }`;
    for (const name of this.#names) ip("netns", "exec", name, "nft", rules);
  }

  remove() {
    for (const name of this.#names) ip("netns", "delete", name);
  }
}

function ip(...parameters) {
  execFileSync("ip", parameters, { stdio: ["ignore", "ignore", "inherit"] });
}
