import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { afterEach, expect, test } from "vitest";
import { Endpoint } from "../../lib/index.js";
import { Peer } from "../../lib/peer/index.js";
import type { SocketFactory } from "../../lib/socket/index.js";
import { gns, PeerUser, RealPeers, udp } from "../support/real-peers.js";

// A client over UDP at a server of GNS, and the other way round: each is told at once, and by nobody else.

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function listen(factory: SocketFactory): Promise<RealPeers> {
  const peers = new RealPeers(factory);
  closing.push(() => peers.close());
  await peers.listen();
  return peers;
}

/** The error of a client at a port. It would time out after `handshakeTimeoutMs`. */
async function errorAt(port: number, factory: SocketFactory, handshakeTimeoutMs: number): Promise<Error> {
  const peer = new Peer(factory.createClientSocket(), factory.maxPacketSize, new PeerUser(), { handshakeTimeoutMs });
  closing.push(() => peer.close());
  return peer.connect(factory.getConnectEndPoint("127.0.0.1", port)).then(
    () => new Error("It is connected"),
    (error: Error) => error,
  );
}

/** A program on UDP. @returns its socket, on a port of its own */
async function program(onMessage: (message: Buffer, clientPort: number) => void): Promise<Socket> {
  const socket = createSocket("udp4", (message, { port }) => onMessage(message, port));
  closing.push(() => socket.close());
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return socket;
}

const portOf = ({ server }: RealPeers) => server.boundPort as number;

test("a client over UDP hears that GNS is there", async () => {
  const port = portOf(await listen(gns()));
  const error = await errorAt(port, udp(), 60_000);
  expect(error).toMatchObject({ code: "ERR_OTHER_PROTOCOL", reason: { code: 1031 } });
  expect(error.message).toBe(
    `The server 127.0.0.1:${port} (UDP) speaks another protocol: GameNetworkingSockets answers there, not a server ` +
      "over UDP. Give both sides the same kind of socket factory, or check the port",
  );
});

test.each(["batched", "dgram"] as const)("a client of GNS hears that UDP is there (%s)", async (implementation) => {
  const port = portOf(await listen(udp({ implementation })));
  const error = await errorAt(port, gns({ handshakeTimeoutMs: 9000 }), 60_000);
  expect(error).toMatchObject({ code: "ERR_OTHER_PROTOCOL", reason: { code: 1031 } });
  expect(error.message).toBe(
    `The server 127.0.0.1:${port} (GNS) speaks another protocol: A server of valve-sockets over UDP answers there, ` +
      "not GameNetworkingSockets. Give both sides the same kind of socket factory, or check the port",
  );
});

test("so does an Endpoint", async () => {
  const port = portOf(await listen(udp()));
  const endpoint = new Endpoint();
  closing.push(() => endpoint.close());
  await expect(endpoint.connect({ host: "127.0.0.1", port })).rejects.toMatchObject({
    code: "ERR_OTHER_PROTOCOL",
    message: expect.stringMatching(
      /^GNS: connecting to 127\.0\.0\.1:\d+ failed .* does not speak GNS.*A server of valve-sockets over UDP/,
    ),
  });
});

test.each([
  ["this question", 0, 0, "speaks another protocol"],
  ["one of another id", 2, 128, "only something else"],
  ["one of another time", 23, 128, "only something else"],
] as const)("a client over UDP gets GNS's answer to %s", async (_name, at, flipped, text) => {
  let questions = 0;
  const socket = await program((message, clientPort) => {
    if (message[0] !== 32) return;
    questions++;
    expect(message).toHaveLength(512);
    const answer = Buffer.alloc(26);
    answer.set([33, 0x0d, ...message.subarray(4, 8), 0x11]);
    answer.set([0x19, ...message.subarray(9, 17)], 15);
    answer[at] = (answer[at] as number) ^ flipped;
    socket.send(answer, clientPort, "127.0.0.1");
  });
  const error = await errorAt(socket.address().port, udp(), 1500);
  expect(error).toMatchObject({ code: "ERR_OTHER_PROTOCOL", message: expect.stringContaining(text) });
  expect(questions).toBeGreaterThanOrEqual(1);
});

test.each([
  ["with its id", 0, "ERR_OTHER_PROTOCOL"],
  ["with another id", 1, "ERR_CONNECT_FAILED"],
] as const)("a client of GNS that is told so %s", async (_name, flipped, code) => {
  const { server } = await listen(udp());
  let clientPort = 0;
  const relay = await program((message, port) => {
    clientPort = port;
    forwarder.send(message, server.boundPort as number, "127.0.0.1");
  });
  let answers = 0;
  const forwarder = await program((answer) => {
    answers++;
    const idAt = 5 + (answer[4] as number) + 4;
    expect(answer[idAt - 1]).toBe(0x25);
    answer[idAt] = (answer[idAt] as number) ^ flipped;
    relay.send(answer, clientPort, "127.0.0.1");
  });
  const error = await errorAt(relay.address().port, gns({ handshakeTimeoutMs: 1500 }), 1500);
  expect(error).toMatchObject({ code });
  expect(answers).toBeGreaterThan(0);
});

test("a server over UDP answers clients of GNS only, in as many bytes, and 20 of a source at once", async () => {
  const { server } = await listen(udp());
  const asker = createSocket("udp4");
  closing.push(() => asker.close());
  const answers: Buffer[] = [];
  let onReject = () => {};
  asker.on("message", (message) => {
    if (message[0] === 4) onReject();
    else answers.push(message);
  });
  /** Resolves when everything is answered: a request of another version, the last packet, is rejected. */
  const ask = (...questions: Uint8Array[]) =>
    new Promise<void>((resolve) => {
      onReject = resolve;
      for (const one of [...questions, Buffer.alloc(256).fill(1)])
        asker.send(one, server.boundPort as number, "127.0.0.1");
    });
  const question = Buffer.alloc(512);
  question.set([32, 16, 0, 0x0d, 1, 2, 3, 4, 0x19, 1, 2, 3, 4, 5, 6, 7, 8, 0x20, 11]);

  const ofOurClients = Buffer.from(question).fill(0, 17);
  await ask(question.subarray(0, 511), ofOurClients, Buffer.from(question).fill(34, 0, 1));
  expect([server.metrics.strayPackets, answers]).toEqual([3, []]);

  await ask(...new Array(40).fill(question));
  expect(answers.length).toBeGreaterThanOrEqual(20);
  expect(answers.length).toBeLessThanOrEqual(22);
  for (const answer of answers) {
    expect(answer).toHaveLength(512);
    expect(answer[0]).toBe(36);
    expect(answer.includes(Buffer.from([0x25, 1, 2, 3, 4]))).toBe(true);
  }
});
