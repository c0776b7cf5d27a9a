import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { expect, onTestFinished, test, vi } from "vitest";
import WebSocket from "ws";
import { defineProtocol, NetworkClient, NetworkServer } from "../../lib/message/index.js";
import { SignalingClient, SignalingServer } from "../../lib/signaling/index.js";
import { NetworkingIdentity } from "../../lib/socket/gns.js";
import { WebSocketFactory } from "../../lib/socket/websocket-server.js";

const HOST = "127.0.0.1";
const protocolOf = () => defineProtocol({ name: "lobby", version: 1, messages: [] });
const identityOf = (name: string) => NetworkingIdentity.parse(`str:${name}`) as NetworkingIdentity;
const nobody = () => {};

/** What GNS would say: who it is from, and bytes. */
function signalOf(name: string, length: number): Uint8Array {
  const sender = Buffer.from(`str:${name}`);
  const head = [0x42, sender.length, ...sender, 0x1a, (length & 127) | 128, length >> 7];
  return Buffer.concat([Buffer.from(head), Buffer.alloc(length)]);
}

async function openLobby() {
  const limits = { maxPendingConnections: 50, sendQueueBytes: 2 ** 16 };
  const socketFactory = new WebSocketFactory({ port: 0, bindHost: HOST, ...limits });
  const peer = { maxQueuedBytes: 2 ** 16 };
  const server = new NetworkServer({ protocol: protocolOf(), socketFactory, peer, onError: nobody });
  const signaling = new SignalingServer({ server });
  await server.start();
  onTestFinished(() => server.stop());
  return { server, signaling, port: server.boundPort as number };
}

async function join(name: string, port: number) {
  const socketFactory = new WebSocketFactory({ host: HOST, port });
  const client = new NetworkClient({ protocol: protocolOf(), socketFactory, onError: nobody });
  const signaling = new SignalingClient({ client, identity: identityOf(name) });
  await client.connect();
  onTestFinished(() => client.disconnect());
  await signaling.register();
  return { client, signaling };
}

/** Sends a signal to somebody, and resolves when it has come. */
function carry(
  from: Awaited<ReturnType<typeof join>>,
  name: string,
  to: Awaited<ReturnType<typeof join>>,
  other: string,
) {
  return new Promise<void>((resolve) => {
    const stop = to.signaling.onSignal(() => {
      stop();
      resolve();
    });
    from.signaling.send(identityOf(other), signalOf(name, 300));
  });
}

test("strangers who send nonsense, megabytes or half a request end alone, and signals go on", async () => {
  const { server, port } = await openLobby();
  const [alice, bob] = [await join("alice", port), await join("bob", port)];
  const slow = Array.from({ length: 200 }, () => connect(port, HOST).on("error", nobody));
  for (const socket of slow) socket.write("GET / HTTP/1.1\r\nHost: x\r\nUpgrade: webso");
  onTestFinished(() => {
    for (const socket of slow) socket.destroy();
  });
  await carry(alice, "alice", bob, "bob");

  const sent = ['{"type":"join","room":"__proto__"}', Buffer.alloc(0), Buffer.alloc(10_000_000), Buffer.alloc(900, 7)];
  const codes = sent.map(async (frame) => {
    const stranger = new WebSocket(`ws://${HOST}:${port}/`).on("error", nobody);
    await once(stranger, "open");
    stranger.send(frame);
    const [code] = await once(stranger, "close");
    return code as number;
  });
  expect(await Promise.all(codes)).toEqual([3001, 3001, 1009, 3001]);
  await vi.waitUntil(() => slow.filter(({ closed }) => closed).length >= 150, { timeout: 20_000 });
  await carry(bob, "bob", alice, "alice");
  expect(server.players).toHaveLength(2);
});

test("a peer that reads nothing costs its own signals, and the others hear theirs", async () => {
  const { signaling, port } = await openLobby();
  const pipes: Socket[] = [];
  // What stands between the server and the one that does not read.
  const proxy = createServer((near) => {
    const far = connect(port, HOST);
    pipes.push(far);
    for (const socket of [near, far])
      socket.on("error", nobody).on("close", () => [near, far].map((one) => one.destroy()));
    near.pipe(far).pipe(near);
  }).listen(0, HOST);
  await once(proxy, "listening");
  onTestFinished(() => void proxy.close());
  const [alice, bob] = [await join("alice", port), await join("bob", port)];
  await join("lazy", (proxy.address() as { port: number }).port);
  for (const far of pipes) far.unpipe().pause();

  while (signaling.metrics.dropped === 0) {
    for (let count = 0; count < 8; count++) alice.signaling.send(identityOf("lazy"), signalOf("alice", 8000));
    await carry(bob, "bob", alice, "alice");
  }
  // Fewer than the rate allows at once: so it was the queue that was full.
  expect(signaling.metrics.carried).toBeLessThan(900);
  expect(signaling.metrics).toMatchObject({ absent: 0, refused: 0, forged: 0 });
});

test("a server that stops while identities are asked for leaves nothing, and begins anew", async () => {
  const socketFactory = new WebSocketFactory({ port: 0, bindHost: HOST });
  const errors: unknown[] = [];
  const server = new NetworkServer({ protocol: protocolOf(), socketFactory, onError: (error) => errors.push(error) });
  let asked: () => void = nobody;
  let answer: (is: boolean) => void = nobody;
  const identify = () => {
    asked();
    return new Promise<boolean>((resolve) => (answer = resolve));
  };
  const signaling = new SignalingServer({ server, identify });
  await server.start();
  const isAsked = new Promise<void>((resolve) => (asked = resolve));
  const joining = join("alice", server.boundPort as number);
  joining.catch(nobody);
  await isAsked;
  await server.stop();
  answer(true);
  await expect(joining).rejects.toMatchObject({
    code: "ERR_CONNECTION_LOST",
  });
  expect(signaling.metrics.identities).toBe(0);
  expect(errors).toEqual([]);
});
