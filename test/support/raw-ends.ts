import type { MessageDefinition, Protocol } from "../../lib/message/index.js";
import { type IConnection, Peer } from "../../lib/peer/index.js";
import { NetworkReader, NetworkWriter } from "../../lib/serialization/index.js";
import type { MessageWorld } from "./message-world.js";

/** What a hello shows without a redirect. */
export const NO_TICKET = new Uint8Array(0);

/** A message as it travels, behind its number. */
export function encodeMessage<T>({ messages }: Protocol, message: MessageDefinition<T>, value: T): Uint8Array {
  const writer = new NetworkWriter();
  writer.writePacked(messages.indexOf(message));
  message.codec.write(writer, value);
  return writer.toBytes();
}

/** Where an end is: a `MessageWorld`, or what has the same. */
type World = Pick<MessageWorld, "clock" | "factory" | "run"> & { readonly server: { readonly protocol: Protocol } };

/** An end that can send every message at any time, and answers none by itself. */
function rawEnd(world: World, protocol: Protocol) {
  const { factory, clock } = world;
  const end = {
    heard: [] as { message: MessageDefinition<unknown>; value: unknown }[],
    reasons: [] as number[],
    connections: [] as IConnection[],
    /** Sends over the newest connection, and lets it arrive. */
    async say<T>(message: MessageDefinition<T>, value: T) {
      end.connections.at(-1)?.send(encodeMessage(protocol, message, value));
      await world.run(50);
    },
    /** The value of the last message of a kind that has come, undefined before the first. */
    lastOf: <T>(message: MessageDefinition<T>) =>
      end.heard.findLast((one) => one.message === message)?.value as T | undefined,
  };
  const handler = {
    onConnected: (connection: IConnection) => void end.connections.push(connection),
    onMessage: (_connection: IConnection, bytes: { copy(): Uint8Array }) => {
      const reader = new NetworkReader(bytes.copy());
      const message = protocol.messages[reader.readPacked()] as MessageDefinition<unknown>;
      end.heard.push({ message, value: message.codec.read(reader) });
    },
    onDisconnected: (_connection: IConnection, { code }: { code: number }) => void end.reasons.push(code),
  };
  const config = { clock, fingerprint: protocol.fingerprint, onFingerprintMismatch: "accept" } as const;
  return { end, peer: new Peer(factory.createServerSocket(), factory.maxPacketSize, handler, config) };
}

/** A client's end that is connected to the world's server. */
export async function connectRaw(world: World, protocol: Protocol = world.server.protocol) {
  const { end, peer } = rawEnd(world, protocol);
  const connecting = peer.connect(world.factory.getConnectEndPoint());
  await world.run(100);
  return { ...end, connection: await connecting };
}

/** A server's end, in the place of the world's server. */
export async function listenRaw(world: World, protocol: Protocol = world.server.protocol) {
  const { end, peer } = rawEnd(world, protocol);
  await peer.bind(world.factory.getBindEndPoint());
  return end;
}
