import { createSocket } from "node:dgram";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { addonFailure, addonPath, findAddon, platformName } from "../addon/load-addon.js";
import { NetworkClient, NetworkServer } from "../message/index.js";
import { createDevelopmentCertificate } from "../socket/browser-server.js";
import type { SocketFactory } from "../socket/index.js";
import { WebTransportSocketFactory } from "../socket/webtransport-server.js";
import { Library } from "../valve/sockets/library.js";
import { chatProtocol, Echo } from "./chat-protocol.js";
import { packageVersion } from "./package-version.js";
import { createSocketFactory, type Transport, transports } from "./transports.js";

/** One thing that was looked at. */
export interface Finding {
  readonly name: string;
  readonly value: string;
  /** What to do about it; a hint where all works without. */
  readonly advice: { readonly text: string; readonly isHint: boolean } | null;
}

/** What UDP sockets of this package ask the system for. */
const WANTED_BUFFER_BYTES = 2 ** 20;
/** Below this a server of a thousand WebSocket players runs out. */
const WANTED_FILES = 4096;

const finding = (name: string, value: string): Finding => ({ name, value, advice: null });
const problem = (name: string, value: string, text: string): Finding => ({
  name,
  value,
  advice: { text, isHint: false },
});
const hint = (name: string, value: string, text: string): Finding => ({ name, value, advice: { text, isHint: true } });

/** Looks at everything, one after the other. */
export async function examine(): Promise<Finding[]> {
  const findings = [
    finding("valve-sockets", packageVersion()),
    finding("runtime", runtime()),
    finding("platform", platformName()),
    addon(),
    ...libraries(),
    await receiveBuffer(),
    openFiles(),
    addressFamilies(),
  ];
  for (const transport of transports) findings.push(await roundTrip(transport));
  findings.push(await roundTrip("webtransport"));
  return findings;
}

function runtime(): string {
  const { bun, deno, node } = process.versions as Record<string, string | undefined>;
  return bun ? `Bun ${bun}` : deno ? `Deno ${deno}` : `Node.js ${node}`;
}

function addon(): Finding {
  if (findAddon()) return finding("addon", addonPath ?? "");
  const why = (addonFailure() as Error | null)?.message ?? "";
  return problem("addon", "none", `UDP and WebSocket work without it, slower; GNS does not. ${why.trim()}`);
}

/** The versions of what is linked in, from the bill of materials. */
function libraries(): Finding[] {
  const path = new URL("../../sbom.cdx.json", import.meta.url);
  if (!findAddon() || !existsSync(path)) return [];
  const { components } = JSON.parse(readFileSync(path, "utf8")) as { components: { name: string; version: string }[] };
  const wanted = ["GameNetworkingSockets", "OpenSSL"];
  const found = components
    .filter(({ name }) => wanted.includes(name))
    .map(({ name, version }) => finding(name, version));
  if (!Library.initialize()) return [...found, problem("driver", "none", Library.lastError?.message ?? "")];
  const { driver } = Library.statistics;
  Library.deinitialize();
  return [...found, finding("driver", driver)];
}

async function receiveBuffer(): Promise<Finding> {
  const socket = createSocket("udp4").bind(0, "127.0.0.1");
  await once(socket, "listening");
  socket.setRecvBufferSize(WANTED_BUFFER_BYTES);
  const size = socket.getRecvBufferSize();
  socket.close();
  const value = `${Math.round(size / 1024)} KiB`;
  if (size >= WANTED_BUFFER_BYTES) return finding("UDP buffer", value);
  const settings = ["rmem_max", "wmem_max"].map((name) => `net.core.${name}=${4 * WANTED_BUFFER_BYTES}`);
  return hint("UDP buffer", value, `bursts may be lost; on Linux: sudo sysctl -w ${settings.join(" ")}`);
}

function openFiles(): Finding {
  const limits = (
    process.report?.getReport() as { userLimits?: { open_files?: { soft: number | string } } } | undefined
  )?.userLimits;
  const soft = limits?.open_files?.soft ?? "unlimited";
  if (typeof soft !== "number" || soft >= WANTED_FILES) return finding("open files", `${soft}`);
  return hint("open files", `${soft}`, "each WebSocket player takes one: raise it (ulimit -n, LimitNOFILE of systemd)");
}

function addressFamilies(): Finding {
  const families = new Set(
    Object.values(networkInterfaces()).flatMap((list) => list?.map(({ family }) => family) ?? []),
  );
  return finding("addresses", [...families].toSorted().join(", ") || "none");
}

/** A server and a client of this process, and one request. */
async function roundTrip(transport: Transport | "webtransport"): Promise<Finding> {
  if (transport === "gns" && !findAddon()) return finding(transport, "not tried");
  const [serverFactory, clientFactory] = factoriesOf(transport);
  const server = new NetworkServer({ protocol: chatProtocol, socketFactory: serverFactory });
  server.messageHandler.registerRequest(Echo, (request) => request);
  try {
    await server.start();
    const client = new NetworkClient({ protocol: chatProtocol, socketFactory: clientFactory });
    const player = await client.connect({ host: "127.0.0.1", port: server.boundPort ?? 0 });
    await player.request(Echo, { data: new Uint8Array(1000) });
    await client.disconnect();
    return finding(transport, "works");
  } catch (error) {
    const { code = "", message } = error as { code?: string; message: string };
    if (code === "ERR_MISSING_PACKAGE") return hint(transport, "not installed", message);
    return problem(transport, "does not work", `${code} ${message}`);
  } finally {
    await server.stop();
  }
}

function factoriesOf(transport: Transport | "webtransport"): [server: SocketFactory, client: SocketFactory] {
  if (transport !== "webtransport") return [createSocketFactory(transport, 0), createSocketFactory(transport, 0)];
  const { cert, key, hash } = createDevelopmentCertificate();
  const server = new WebTransportSocketFactory({ port: 0, tls: { cert, key } });
  return [server, new WebTransportSocketFactory({ certificateHashes: [hash] })];
}
