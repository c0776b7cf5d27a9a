// A page that sends a number 60 times a second, and measures when it is back.
import { NetworkClient } from "../../dist/message/index.js";
import { BrowserSocketFactory } from "../../dist/socket/browser.js";
import { Move, protocol, Shot } from "./protocol.mjs";

const HZ = 60;
/** How long the last numbers may take. */
const REST_MS = 5000;
const messages = { reliable: Shot, datagrams: Move };

/** Milliseconds that each number took, `null` for one that is lost. */
globalThis.echo = async ({ host, port, isWebSocket, kind, count }) => {
  const socketFactory = new BrowserSocketFactory({ host, port, ...(isWebSocket && { webTransport: false }) });
  const client = new NetworkClient({ protocol, socketFactory });
  const message = messages[kind];
  const sent = [];
  const took = Array(count).fill(null);
  const { promise: isDone, resolve } = withResolvers();
  let missing = count;
  client.messageHandler.register(message, (number) => {
    took[number] = performance.now() - sent[number];
    if (--missing === 0) resolve();
  });
  await client.connect();
  const { transport } = client.player;
  const start = performance.now();
  const timer = setInterval(() => {
    // A timer of a page comes late, and two at once.
    while (sent.length < count && performance.now() - start >= (sent.length * 1000) / HZ) {
      client.send(message, sent.push(performance.now()) - 1);
    }
    if (sent.length < count) return;
    clearInterval(timer);
    setTimeout(resolve, REST_MS);
  }, 1000 / HZ);
  await isDone;
  await client.disconnect();
  return { transport, took };
};

function withResolvers() {
  let resolve;
  const promise = new Promise((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
