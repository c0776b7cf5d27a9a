import { expect } from "vitest";
import { generateServerKey } from "../../lib/noise/index.js";
import { nodePrimitives } from "../../lib/noise/node-primitives.js";
import type { IConnection, PeerConfig } from "../../lib/peer/index.js";
import { Recorder, text } from "./peer-world.js";
import { peerAt, RoamingNetwork, type RoamingSocket } from "./roaming-network.js";

export const SERVER = "192.0.2.1:7777";
export const HOME = "10.0.0.1:5000";
export const OTHER_PORT = "10.0.0.1:5001";
export const MOBILE = "10.9.9.9:5000";

export const primitives = nodePrimitives();
export const key = generateServerKey(primitives);
export const keyed: Partial<PeerConfig> = { encryption: { primitives, serverKeys: [key.privateKey], required: false } };
export const pinned: Partial<PeerConfig> = { encryption: { primitives, serverKey: key.publicKey } };

export class RoamingRecorder extends Recorder {
  readonly moves: string[] = [];

  onMoved(connection: IConnection, from: string): void {
    this.moves.push(`${from} -> ${connection.handle.address}`);
  }
}

export interface World {
  network: RoamingNetwork;
  serverHandler: RoamingRecorder;
  clientHandler: RoamingRecorder;
  server: ReturnType<typeof peerAt>["peer"];
  socket: RoamingSocket;
  client: IConnection;
  /** The server's end. */
  player: IConnection;
}

export async function connected(serverConfig = keyed, clientConfig = pinned): Promise<World> {
  const network = new RoamingNetwork();
  const [serverHandler, clientHandler] = [new RoamingRecorder(), new RoamingRecorder()];
  const { peer: server } = peerAt(network, SERVER, serverHandler, serverConfig, 1);
  await server.bind({});
  const { peer, socket } = peerAt(network, HOME, clientHandler, clientConfig, 2);
  const connection = peer.connect({ address: SERVER });
  await network.run(300);
  const client = await connection;
  const player = serverHandler.connected[0] as IConnection;
  return { network, serverHandler, clientHandler, server, socket, client, player };
}

/** Sends `count` reliable messages each way, one in `everyMs`. */
export async function talk({ network, client, player }: World, count: number, everyMs = 20, first = 0): Promise<void> {
  for (let index = first; index < first + count; index++) {
    client.send(text(`c${index}`));
    player.send(text(`s${index}`));
    await network.run(everyMs);
  }
}

export const numbered = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`);

export function expectNothingLost({ serverHandler, clientHandler }: World, count: number): void {
  expect(serverHandler.texts).toEqual(numbered("c", count));
  expect(clientHandler.texts).toEqual(numbered("s", count));
  expect([...serverHandler.disconnected, ...clientHandler.disconnected]).toEqual([]);
}
