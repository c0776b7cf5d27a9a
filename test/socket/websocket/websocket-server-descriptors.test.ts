import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { parseFileDescriptors } from "../../../lib/addon/tcp-limits.js";
import { startProcess } from "../../cli/command.js";
import { root } from "../../support/runtimes.js";

test.each([
  [
    "Max cpu time  unlimited  unlimited  seconds\nMax open files            1024                 4096      files\n",
    1024,
  ],
  ["Max open files            unlimited            unlimited            files\n", Number.POSITIVE_INFINITY],
  ["", Number.POSITIVE_INFINITY],
])("the file descriptors of a process: %j", (limits, count) => {
  expect(parseFileDescriptors(limits)).toBe(count);
});

async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1" });
  socket.on("error", () => {});
  onTestFinished(() => void socket.destroy());
  await once(socket, "connect");
  return socket;
}

test.skipIf(process.platform !== "linux")(
  "silent connections take a quarter of the file descriptors: newcomers get in, and the process opens files",
  async () => {
    const program = join(root, "test", "programs", "few-descriptors.mjs");
    const server = startProcess("sh", ["-c", 'ulimit -n 256; exec "$0" "$1"', process.execPath, program]);
    const port = Number((await server.waitFor("stdout", /port \d+\n/)).slice(5));
    for (let at = 0; at < 300; at++) await open(port);
    const player = await open(port);
    player.write(
      "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    );
    const [answer] = (await once(player, "data")) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1.1 101 /);
    server.write("look");
    expect(await server.waitFor("stdout", /(waiting|failed) .*\n/)).toBe("waiting 63\n");
    await server.end();
  },
);
