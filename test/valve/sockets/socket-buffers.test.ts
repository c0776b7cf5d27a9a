import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Library } from "../../../lib/index.js";
import { connectPeers } from "../../support/peer.js";

beforeEach(() => expect(Library.initialize()).toBe(true));
afterEach(() => Library.deinitialize());

const IS_LINUX = process.platform === "linux";

/** What the system gave the UDP socket of a port. Linux shows twice what it was asked for. */
function buffersOf(port: number | undefined) {
  const text = execFileSync("ss", ["-uanm", "sport", "=", `:${port}`], { encoding: "utf8" });
  const [, receive, send] = /rb(\d+),t\d+,tb(\d+)/.exec(text) ?? [];
  return { receive: Number(receive) / 2, send: Number(send) / 2 };
}

/** What the system gives when asked for this much. */
function allowed(bytes: number) {
  const limit = (name: string) => Math.min(bytes, Number(readFileSync(`/proc/sys/net/core/${name}`, "utf8")));
  return { receive: limit("rmem_max"), send: limit("wmem_max") };
}

test.runIf(IS_LINUX)(
  "a listen socket has large buffers, which its connections share; an outgoing connection has GNS's",
  async () => {
    const { server, address, toClient } = await connectPeers();
    expect(buffersOf(address.port)).toEqual(allowed(4 * 2 ** 20));
    const clientPort = server.sockets.getConnectionInfo(toClient)?.address.port;
    expect(buffersOf(clientPort)).toEqual(allowed(2 ** 18));
  },
);
