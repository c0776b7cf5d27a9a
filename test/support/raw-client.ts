import type { MessageDefinition, Protocol } from "../../lib/message/index.js";
import { type IConnection, Peer } from "../../lib/peer/index.js";
import { NetworkReader, NetworkWriter } from "../../lib/serialization/index.js";
import type { MessageWorld } from "./message-world.js";

/** A message as it travels, behind its number. */
export function encodeMessage<T>({ messages }: Protocol, message: MessageDefinition<T>, value: T): Uint8Array {
  const writer = new NetworkWriter();
  writer.writePacked(messages.indexOf(message));
  message.codec.write(writer, value);
  return writer.toBytes();
}

/** A client's end of a connection that can send every message at any time, and answers none by itself. */
export async function connectRaw(world: MessageWorld, protocol: Protocol = world.server.protocol) {
  const heard: { message: MessageDefinition<unknown>; value: unknown }[] = [];
  const reasons: number[] = [];
  const { factory, clock } = world;
  const { fingerprint } = protocol;
  const handler = {
    onMessage: (_connection: IConnection, bytes: { copy(): Uint8Array }) => {
      const reader = new NetworkReader(bytes.copy());
      const message = protocol.messages[reader.readPacked()] as MessageDefinition<unknown>;
      heard.push({ message, value: message.codec.read(reader) });
    },
    onDisconnected: (_connection: IConnection, { code }: { code: number }) => void reasons.push(code),
  };
  const peer = new Peer(factory.createClientSocket(), factory.maxPacketSize, handler, { clock, fingerprint });
  const connecting = peer.connect(factory.getConnectEndPoint());
  await world.run(100);
  const connection = await connecting;
  const say = async <T>(message: MessageDefinition<T>, value: T) => {
    connection.send(encodeMessage(protocol, message, value));
    await world.run(50);
  };
  /** The value of the last message of a kind that has come, undefined before the first. */
  const lastOf = <T>(message: MessageDefinition<T>) =>
    heard.findLast((one) => one.message === message)?.value as T | undefined;
  return { connection, heard, reasons, say, lastOf };
}
