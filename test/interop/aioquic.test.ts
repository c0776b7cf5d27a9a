import { execFile, execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { type IConnectionHandle, ReceivedPacket } from "../../lib/socket/index.js";
import { cache } from "../../scripts/paths.mjs";
import { webTransport } from "../support/real-peers.js";

const AIOQUIC = "aioquic==1.7.2";

/** Python with aioquic in it, or null where that cannot be had: there is no python3, or PyPI is out of reach. */
function python(): string | null {
  const folder = join(cache, AIOQUIC);
  const command = join(folder, "bin", "python");
  const done = join(folder, "bin", "done");
  if (existsSync(done)) return command;
  try {
    execFileSync("python3", ["-m", "venv", "--clear", folder]);
    execFileSync(command, ["-m", "pip", "install", "--quiet", "--only-binary", ":all:", AIOQUIC]);
    execFileSync("touch", [done]);
    return command;
  } catch (error) {
    if (process.env.CI) throw error;
    return null;
  }
}

test("a client of another implementation of QUIC and HTTP/3 plays: aioquic", { timeout: 300_000 }, async ({ skip }) => {
  const command = python();
  if (command === null) {
    console.warn(`Left out: the second QUIC client, since ${AIOQUIC} could not be installed`);
    skip();
  }
  const factory = webTransport({ path: "/game" });
  const socket = factory.createServerSocket();
  const packet = new ReceivedPacket();
  const received: string[] = [];
  socket.events = {
    onReadable() {
      socket.tick();
      for (; socket.poll(); socket.tick()) {
        socket.receive(packet);
        const { handle, delivery, lane, length, offset, buffer } = packet;
        received.push(`${delivery} ${lane} ${length}`);
        socket.send(handle, buffer.slice(offset, offset + length), length, delivery, lane);
        if (received.length === 4) void handle.disconnect({ code: 42, text: "bye" });
      }
      socket.flush();
    },
    onIncoming: () => true,
    onConnect(_: IConnectionHandle) {},
    onDisconnect() {},
    onWritable() {},
  };
  await socket.bind(factory.getBindEndPoint());
  const parameters = [join("test", "programs", "aioquic-client.py"), `${socket.boundPort}`];
  const { stdout } = await promisify(execFile)(command as string, parameters);
  await socket.close();
  expect(received.sort()).toEqual(["0 0 8", "1 0 16384", "1 0 3", "1 4 4"]);
  const hex = (text: string) => Buffer.from(text).toString("hex");
  expect(JSON.parse(stdout)).toEqual({
    status: "200",
    datagrams: ["datagram"],
    lanes: { 0: `03${hex("one")}80004000${"00".repeat(16_384)}`, 4: `04${hex("four")}` },
    // The capsule of a close (2843): its length, the code, the text.
    capsule: `6843070000002a${hex("bye")}`,
    code: 0x100,
  });
});
