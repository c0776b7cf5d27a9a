import { execFileSync } from "node:child_process";

/**
 * Two hosts in network namespaces with a cable between them. Each has `size` addresses, and packets to the other's
 * n-th leave from its own n-th: 10.66.0.1 and so on the server, 10.66.1.1 and so on the others.
 */
export class FloodNetwork {
  readonly #names = ["server", "others"].map((name) => `vs-flood-${process.pid}-${name}`);
  readonly serverHosts: string[];

  constructor(size: number) {
    const [server, others] = this.#names as [string, string];
    const hosts = (net: number) => Array.from({ length: size }, (_, index) => `10.66.${net}.${index + 1}`);
    this.serverHosts = hosts(0);
    for (const name of this.#names) ip("netns", "add", name);
    ip("link", "add", "eth0", "netns", server, "type", "veth", "peer", "name", "eth0", "netns", others);
    for (const [name, own, far] of [
      [server, hosts(0), hosts(1)],
      [others, hosts(1), hosts(0)],
    ] as const) {
      for (const host of own) ip("-n", name, "address", "add", `${host}/32`, "dev", "eth0");
      for (const link of ["lo", "eth0"]) ip("-n", name, "link", "set", link, "up");
      for (const [index, host] of far.entries()) {
        ip("-n", name, "route", "add", `${host}/32`, "dev", "eth0", "src", own[index] as string);
      }
    }
  }

  /** What to put before a command to run it on a host. */
  prefix(host: "server" | "others"): string[] {
    return ["netns", "exec", this.#names[host === "server" ? 0 : 1] as string];
  }

  remove(): void {
    for (const name of this.#names) ip("netns", "delete", name);
  }
}

function ip(...parameters: string[]): void {
  execFileSync("ip", parameters, { stdio: ["ignore", "ignore", "inherit"] });
}
