import {
  defineMessage,
  defineProtocol,
  defineRequest,
  NetworkServer,
  type NetworkServerOptions,
} from "../../lib/message/index.js";
import { packed, u8 } from "../../lib/serialization/index.js";
import { MemorySocketFactory, type MemorySocketKind } from "../../lib/socket/index.js";
import { CuttableFactory, MessageWorld } from "./message-world.js";
import { seededBytes } from "./peer-world.js";
import { TestStore } from "./test-store.js";

export const Note = defineMessage("note", u8);
export const Ask = defineRequest("ask", packed, packed);
export const newProtocol = () => defineProtocol({ name: "redirect", version: 1, messages: [Note, Ask] });

/** A server in the same memory network. */
export const atPort = (port: number) => ({ addresses: { memory: `localhost:${port}` } });

/** Servers at the ports 7777, 7778, … of one network that share a store, and what one client hears. */
export async function serversWithStore(
  count: number,
  kind: MemorySocketKind = "datagram",
  options: Partial<NetworkServerOptions> = {},
) {
  const store = new TestStore();
  const protocol = newProtocol();
  const world = new MessageWorld({ protocol, kind, server: { sessions: { store }, ...options } });
  const log: string[] = [];
  const servers = [world.server];
  for (let at = 1; at < count; at++) servers.push(another(7777 + at));
  function another(port: number): NetworkServer {
    return new NetworkServer({
      ...{ protocol: newProtocol(), clock: world.clock, sessions: { store }, ...options },
      socketFactory: new MemorySocketFactory(world.network, { kind, port }),
      randomBytes: seededBytes(port),
      onError: (error) => void world.errors.push(error),
      logger: { warn: (text) => void world.warnings.push(text) },
    });
  }
  for (const [at, server] of servers.entries()) {
    server.on("authenticated", ({ id }) => void log.push(`server ${at} has ${id}`));
    server.on("disconnected", (_player, { code }) => void log.push(`server ${at} lost it: ${code}`));
    await server.start();
  }
  const socketFactory = new CuttableFactory(world.network, { kind });
  const join = async (clientOptions = {}) => {
    const client = world.newClient({ socketFactory, ...clientOptions });
    client.on("suspended", () => void log.push("suspended"));
    client.on("resumed", (_player, { hasMoved, lostMs }) => void log.push(`resumed ${hasMoved} ${lostMs}`));
    client.on("disconnected", ({ code }) => void log.push(`disconnected ${code}`));
    const connecting = client.connect();
    connecting.catch(() => {});
    await world.until(() => client.isAuthenticated || !client.active);
    return { client, connecting };
  };
  return { world, servers, store, log, socketFactory, join };
}
