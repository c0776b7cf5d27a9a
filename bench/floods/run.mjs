import { fileURLToPath } from "node:url";
import { nftRules } from "../../dist/guard/nft-rules.js";
import { COOKIE_BYTES } from "../../dist/peer/handshake/cookies.js";
import { writeConnectRequest } from "../../dist/peer/handshake/handshake-packets.js";
import { withPeers } from "../harness/peer.mjs";
import { buildFlooder } from "./flooder.mjs";
import { AttackNetwork } from "./network.mjs";
import { protocol } from "./protocol.mjs";

const main = fileURLToPath(new URL("main.mjs", import.meta.url));
const PORT = 7777;
/** Where a request has its nonce. */
const NONCE_AT = 5;

/** What the attackers send when a connection is open. */
export const payloads = { silent: "", byte: "47", junk: "aa".repeat(64) };

/** The options of a flood of requests to connect, whose cookies are sent back. */
export function requestFlood() {
  const mark = new Uint8Array(COOKIE_BYTES).fill(0xee);
  const request = (cookie) => {
    const sizes = { maxPacketSize: 1200, maxReliableMessageSize: 60_000 };
    const fields = { profile: 0, security: 0, ...sizes, fingerprint: protocol.fingerprint, nonce: new Uint8Array(8) };
    return Buffer.from(writeConnectRequest({ ...fields, cookie }, null));
  };
  const answer = request(mark);
  const hex = (bytes) => bytes.toString("hex");
  const cookieAt = answer.indexOf(Buffer.from(mark));
  return { payload: hex(request(new Uint8Array(0))), answer: hex(answer), nonceAt: NONCE_AT, cookieAt };
}

/**
 * A server, attackers and players for one flood.
 *
 * @param options.transport "websocket", "udp" or "xcs"; `protection` as in server.mjs
 * @param options.descriptors how many file descriptors the server may have
 * @param options.attack options of flood.c without place; `kind` is "tcp" or "udp"; null: no attack
 * @param options.players options of `players` in players.mjs without place
 * @param options.stayers options of `stayers` in players.mjs without place
 * @param options.neighbours the same, from the network of the attackers when the flood has ended
 * @param options.calm whether to wait until the guard says that the flood is over, and for how long that took
 * @returns the figures of each
 */
export async function underFlood(options) {
  const { transport, protection, descriptors = 20_000, attack, players, stayers, neighbours, calm } = options;
  const flooder = buildFlooder();
  const network = new AttackNetwork();
  try {
    if (protection === "route") network.loadRules(nftRules({ ports: [PORT] }));
    return await withPeers(async (start) => {
      const { host } = network;
      const node = (role, ...flags) => [...network.prefix(role), process.execPath, ...flags, main];
      const limit = ["prlimit", `--nofile=${descriptors}:${descriptors}`];
      const program = [...network.prefix("server"), ...limit, process.execPath, "--expose-gc", main];
      const server = start(program, "server", { transport, protection, host, port: PORT });
      await server.next("listening");
      const place = { transport, host, port: PORT };
      const staying = stayers && start(node("players"), "stayers", { network: 200, ...stayers, ...place });
      await staying?.next("ready");
      server.tell("start");
      await server.next("begun");
      const { kind = "tcp", ...flood } = attack ?? {};
      const target = { host, port: PORT, from: "10.64.0.1" };
      const attacking = attack && start([...network.prefix("attackers"), flooder], kind, { ...target, ...flood });
      await attacking?.next("started");
      staying?.tell("start");
      const play = (role, network, options) =>
        options && start(node(role), "players", { network, ...options, ...place });
      const playing = play("players", 200, players);
      const result = (peer) => peer?.next("result") ?? null;
      const [attacked, played, stayed] = await Promise.all([attacking, playing, staying].map(result));
      const endedMs = performance.now();
      const neighboured = await result(play("attackers", 64, neighbours));
      if (calm) await server.next("calm");
      const calmAfterMs = calm ? performance.now() - endedMs : null;
      server.tell("read");
      return {
        attack: attacked,
        players: played,
        stayers: stayed,
        neighbours: neighboured,
        server: await server.next("result"),
        calmAfterMs,
      };
    });
  } finally {
    network.remove();
  }
}
