import { execFileSync } from "node:child_process";

/** A host in a network namespace whose `lo` takes no packets that are still to be cut (UDP_SEGMENT). Needs root. */
export class PlainLoopback {
  #name = `vs-bench-${process.pid}-plain`;

  constructor() {
    ip("netns", "add", this.#name);
    // The kernel then cuts them before the interface, as for a network card that cannot.
    ip("-n", this.#name, "link", "set", "lo", "gso_max_segs", "1", "up");
  }

  /** What to put before a command. */
  get prefix() {
    return ["ip", "netns", "exec", this.#name];
  }

  remove() {
    ip("netns", "delete", this.#name);
  }
}

function ip(...parameters) {
  execFileSync("ip", parameters, { stdio: ["ignore", "ignore", "inherit"] });
}
