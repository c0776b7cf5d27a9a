import { Peer } from "valve-sockets/peer";

/** Listens, and sends every message back on its channel and lane. */
export async function startServer(factory) {
  const server = new Peer(factory.createServerSocket(), factory.maxPacketSize, {
    onMessage: (connection, message, channel, lane) => connection.send(message.view(), channel, lane),
  });
  await server.bind(factory.getBindEndPoint());
  return server;
}
