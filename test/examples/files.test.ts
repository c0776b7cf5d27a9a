import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { closeSync, constants, openSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { NetworkClient } from "valve-sockets/message";
import { encode } from "valve-sockets/serialization";
import { UdpSocketFactory } from "valve-sockets/socket/udp";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Finish, Offer, part, protocol } from "../../examples/files/protocol.mjs";
import { temporaryFolder } from "../support/packed.js";
import { type Program, startProgram } from "../support/program.js";

const programs: Program[] = [];
let folder: string;
let remove: () => void;
let server: Program;
let port: string;

function start(name: string, ...parameters: string[]): Program {
  const program = startProgram(`../../examples/files/${name}`, parameters);
  programs.push(program);
  return program;
}

beforeEach(async () => {
  ({ folder, remove } = temporaryFolder());
  server = start("server", "0", join(folder, "inbox"));
  port = (await server.line("Files go to ")).replace(/.*port /, "");
});

afterEach(() => {
  for (const { child } of programs.splice(0)) child.kill("SIGKILL");
  remove();
});

test("a file arrives, after its sender has cancelled and sent it again", async () => {
  const path = join(folder, "map.bin");
  const content = Buffer.alloc(30_000_000, randomBytes(65_537));
  writeFileSync(path, content);
  const first = start("send", path, "localhost", port);
  await first.line("0 %");
  first.child.kill("SIGINT");
  expect(await first.end()).toMatchObject({
    code: 1,
    errors: "",
    lines: expect.arrayContaining(["Not sent: cancelled"]),
  });
  await server.line("map.bin has stopped: The other side ended the stream with code 2");
  expect(readdirSync(join(folder, "inbox"))).toEqual(["map.bin.part"]);
  const half = readFileSync(join(folder, "inbox", "map.bin.part"));
  expect(half.equals(content.subarray(0, half.length))).toBe(true);

  const second = start("send", path, "localhost", port);
  await second.line(`The server has ${half.length} of 30000000 bytes`);
  await second.line("map.bin has arrived");
  expect(await second.end()).toMatchObject({ code: 0, errors: "" });
  await server.line("map.bin is here");
  expect(readdirSync(join(folder, "inbox"))).toEqual(["map.bin"]);
  expect(readFileSync(join(folder, "inbox", "map.bin")).equals(content)).toBe(true);

  const third = start("send", path, "localhost", port);
  await third.line("The server has 30000000 of 30000000 bytes");
  expect(await third.end()).toMatchObject({ code: 0, errors: "" });
});

test("a sender that lies writes nothing outside of the folder, and ends no server", async () => {
  const socketFactory = new UdpSocketFactory({ host: "localhost", port: Number(port) });
  const client = new NetworkClient({ protocol, socketFactory });
  await client.connect();
  const send = async (header: Uint8Array, data = new Uint8Array(10)) => {
    const writer = client.player?.connection?.openStream(header).writable.getWriter();
    await writer?.write(data);
    await writer?.close();
  };
  const refused = { code: "ERR_STREAM_REJECTED", reason: { code: 1 } };
  const headerOf = (name: string, fromByte = 0, sizeBytes = 10) => encode(part, { name, fromByte, sizeBytes });
  await expect(send(headerOf("../out"))).rejects.toMatchObject(refused);
  await expect(send(headerOf(".hidden"))).rejects.toMatchObject(refused);
  await expect(send(headerOf("a.part"))).rejects.toMatchObject(refused);
  await expect(send(headerOf("later", 5))).rejects.toMatchObject(refused);
  await expect(send(headerOf("large", 0, 2 ** 40))).rejects.toMatchObject(refused);
  for (const name of ["a.PART", "a.part ", "a.", "NUL", "com1.txt"]) {
    await expect(send(headerOf(name))).rejects.toMatchObject(refused);
  }
  await expect(send(new Uint8Array(0))).rejects.toMatchObject(refused);
  await expect(send(headerOf("longer"), new Uint8Array(100_000))).rejects.toMatchObject({ code: "ERR_STREAM_STOPPED" });
  expect(await client.request(Offer, { name: "../../etc/passwd" })).toEqual({ isHere: false, hasBytes: 0 });

  await send(headerOf("short", 0, 20));
  await server.line("short has stopped: It is shorter than it was said to be");
  await expect(send(headerOf("short", 10, 5), new Uint8Array(0))).rejects.toMatchObject(refused);
  for (let count = 0; count < 8; count++) {
    const writer = client.player?.connection?.openStream(new Uint8Array(3)).writable.getWriter();
    writer?.closed.catch(() => {});
    writer?.abort(1).catch(() => {});
  }
  expect(await client.request(Finish, { name: "short" })).toMatchObject({ isHere: false });

  await send(headerOf("honest"));
  await server.line("honest is here");
  expect(await client.request(Finish, { name: "honest" })).toEqual({ isHere: true, hasBytes: 10 });
  await expect(send(headerOf("honest", 0, 3), new Uint8Array(3))).rejects.toMatchObject(refused);
  expect(readdirSync(join(folder, "inbox"))).toContain("honest");
  expect(readdirSync(folder)).toEqual(["inbox"]);
  await client.disconnect();
  server.child.kill("SIGINT");
  expect(await server.end()).toMatchObject({ code: 0, errors: "" });
});

test("a file without a byte arrives, and one whose last byte had come is finished", async () => {
  for (const name of ["empty.txt", "whole.txt"]) writeFileSync(join(folder, name), name === "empty.txt" ? "" : "whole");
  writeFileSync(join(folder, "inbox", "whole.txt.part"), "whole");
  for (const [name, bytes] of [
    ["empty.txt", 0],
    ["whole.txt", 5],
  ] as const) {
    const sender = start("send", join(folder, name), "localhost", port);
    await sender.line(`The server has ${bytes} of ${bytes} bytes`);
    await sender.line(`${name} has arrived`);
    expect((await sender.end()).code).toBe(0);
  }
  expect(readdirSync(join(folder, "inbox"))).toEqual(["empty.txt", "whole.txt"]);
});

test("a sender that is silent gives its file's name back", async () => {
  const hasty = start("server", "0", join(folder, "hasty"), "1");
  const hastyPort = (await hasty.line("Files go to ")).replace(/.*port /, "");
  const client = new NetworkClient({
    protocol,
    socketFactory: new UdpSocketFactory({ host: "localhost", port: Number(hastyPort) }),
  });
  await client.connect();
  const header = (name: string, fromByte: number) => encode(part, { name, fromByte, sizeBytes: 3 });
  const open = (bytes: Uint8Array) => client.player?.connection?.openStream(bytes).writable.getWriter();
  const silent = open(header("Map.bin", 0));
  await silent?.write(new Uint8Array(1));
  const other = open(header("map.bin", 0));
  await expect(other?.closed).rejects.toMatchObject({ code: "ERR_STREAM_REJECTED" });
  await hasty.line("Map.bin has stopped: Nothing has come for 1 s");
  await expect(silent?.closed).rejects.toMatchObject({ code: "ERR_STREAM_STOPPED" });
  const next = open(header("Map.bin", 1));
  await next?.write(new Uint8Array(2));
  await next?.close();
  await hasty.line("Map.bin is here");
  await client.disconnect();
});

test("a disk that stands still while a sender leaves ends no server", async () => {
  const hasty = start("server", "0", join(folder, "hasty"), "1");
  const hastyPort = Number((await hasty.line("Files go to ")).replace(/.*port /, ""));
  const pipe = join(folder, "hasty", "map.bin.part");
  execFileSync("mkfifo", [pipe]);
  const disk = openSync(pipe, constants.O_RDWR); // It takes 64 KiB, and no more.
  const newClient = async () => {
    const socketFactory = new UdpSocketFactory({ host: "localhost", port: hastyPort });
    const client = new NetworkClient({ protocol, socketFactory });
    await client.connect();
    const send = async (name: string, bytes: number) => {
      const header = encode(part, { name, fromByte: 0, sizeBytes: 1_000_000 });
      const writer = client.player?.connection?.openStream(header).writable.getWriter();
      writer?.closed.catch(() => {});
      await writer?.write(new Uint8Array(bytes));
    };
    return { client, send };
  };
  const [leaving, other] = [await newClient(), await newClient()];
  await leaving.send("map.bin", 200_000);
  await leaving.client.disconnect();
  await other.send("later.bin", 1);
  await hasty.line("later.bin has stopped: Nothing has come for 1 s"); // So the time of map.bin is over, too.
  closeSync(disk);
  await hasty.line("map.bin has stopped");
  expect(await other.client.request(Offer, { name: "later.bin" })).toEqual({ isHere: false, hasBytes: 1 });
  await other.client.disconnect();
});

test("a file that the server cannot write has not arrived, however small it is", async () => {
  const path = join(folder, "small.txt");
  writeFileSync(path, "hello");
  symlinkSync("/dev/full", join(folder, "inbox", "small.txt.part"));
  const sender = start("send", path, "localhost", port);
  await sender.line("Not sent: the server could not keep it");
  await server.line("small.txt has stopped: ENOSPC");
  expect((await sender.end()).code).toBe(1);
});
