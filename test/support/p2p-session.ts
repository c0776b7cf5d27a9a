import type { ChildProcess } from "node:child_process";
import type { ConfigOption, IceSettings } from "../../lib/index.js";
import { iceOptions } from "../../lib/index.js";
import { seededRandom } from "../../lib/random.js";
import type { IceServerCounts } from "./ice-server.js";
import { type HostName, type NetworkWorld, SERVICE_ADDRESS } from "./network-world.js";

export type Route = "local" | "udp" | "relay";

export interface PeerReport {
  received: number;
  signals: number;
  /** The lines that GNS logged with level Bug. */
  bugs: string[];
  ended: { state: number; endReason: number; endDebug: string } | null;
  route: Route | null;
  peer: string;
  flags: number;
  detailed: string;
}

export interface PeerSettings {
  host: HostName;
  ice?: IceSettings;
  options?: ConfigOption[];
}

export interface SessionSettings {
  connector: PeerSettings;
  listener: PeerSettings;
  messages?: number;
  signalLossPercent?: number;
  signalDuplicatePercent?: number;
  seed?: number;
  logLevel?: number;
}

export const STUN_PORT = 3478;
export const user = { username: "user", password: "secret" };
export const ICE_SERVER = `${SERVICE_ADDRESS}:${STUN_PORT}`;
/** STUN and TURN servers that work. */
export const goodServers: IceSettings = { stunServers: [ICE_SERVER], turnServers: [{ host: ICE_SERVER, ...user }] };

/** Starts the STUN and TURN server of a world and waits until it listens. The function returned asks for its counts. */
export async function startIceServer(world: NetworkWorld): Promise<() => Promise<IceServerCounts>> {
  const { username, password } = user;
  const child = world.start("net", "ice-server.ts", [SERVICE_ADDRESS, `${STUN_PORT}`, username, password, "600"]);
  await answer(child);
  return () => {
    child.send("counts");
    return answer(child) as Promise<IceServerCounts>;
  };
}

/** The next message of a program, or an error when it ends. */
function answer(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null, signal: string | null) =>
      reject(new Error(`the program ended (${signal ?? code})`));
    child.once("exit", onExit);
    child.once("message", (message) => {
      child.off("exit", onExit);
      resolve(message);
    });
  });
}

let sessions = 0;

/**
 * Connects two hosts, passes their signals on with the given losses, and returns the reports of connector and listener.
 */
export async function runSession(world: NetworkWorld, settings: SessionSettings): Promise<[PeerReport, PeerReport]> {
  const { messages = 60, signalLossPercent = 0, signalDuplicatePercent = 0, seed = 1, logLevel } = settings;
  const random = seededRandom(seed);
  const happens = (percent: number) => random() * 100 < percent;
  const id = ++sessions;
  const [one, two] = [`connector ${id}`, `listener ${id}`];
  const common = { virtualPort: 7, messages, logLevel };
  const start = async ({ host, ice = goodServers, options = [] }: PeerSettings, more: object) => {
    const all = [...(await iceOptions(ice)), ...options];
    return world.start(host, "p2p-peer.mjs", [JSON.stringify({ ...common, options: all, ...more })]);
  };
  // The listener has to exist when the first signal comes: the next one would come a second later.
  const listener = await start(settings.listener, { identity: two });
  await answer(listener);
  const connector = await start(settings.connector, { identity: one, remote: two });
  const carry = (from: ChildProcess, to: ChildProcess) =>
    new Promise<PeerReport>((resolve, reject) => {
      from.once("exit", (code, signal) => reject(new Error(`a peer ended early (${signal ?? code})`)));
      from.on("message", ({ signal, report }: { signal?: string; report?: PeerReport }) => {
        if (report !== undefined) resolve(report);
        if (signal === undefined || !to.connected || happens(signalLossPercent)) return;
        to.send({ signal });
        if (happens(signalDuplicatePercent)) to.send({ signal });
      });
    });
  const both = [carry(connector, listener), carry(listener, connector)] as const;
  try {
    return await Promise.all(both);
  } finally {
    await Promise.all([connector, listener].map(end));
  }
}

/** Ends a peer and waits for its end. */
function end(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once("exit", () => resolve());
    if (child.connected) child.send({ end: true });
  });
}
