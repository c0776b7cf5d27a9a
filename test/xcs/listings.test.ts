// The listings of docs/xcs.md, which are those of the page that describes the Socket module, as they stand there.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { VirtualRouter } from "../../lib/xcs/index.js";
import { findCodeBlocks } from "../docs/code-blocks.js";
import { root } from "../support/runtimes.js";
import { textOf, twoComputers } from "./two-computers.js";

const page = readFileSync(join(root, "docs", "xcs.md"), "utf8");
const fences = findCodeBlocks("docs/xcs.md", page).filter(({ language }) => ["haskell", "ocaml"].includes(language));
const lines = fences.flatMap(({ code }) => code.split("\n").filter((line) => line !== ""));

test("the page has the listings verbatim", () => {
  expect(fences.map(({ language }) => language)).toEqual([
    "haskell",
    "ocaml",
    "haskell",
    "haskell",
    "ocaml",
    "haskell",
  ]);
  expect(lines).toEqual([
    "  request socket_open 80 UDP",
    " request socket_write 80 data",
    " request socket_read  80",
    "  request socket_close 80",
    "  request socket_open 80 TCP",
    " request socket_write 80 data",
    " request socket_read  80",
    "  request socket_close 80",
  ]);
});

test("they run as written on two computers, and the data arrives", async () => {
  const [one, other] = twoComputers(new VirtualRouter(1));
  const seen: unknown[] = [];
  for (const line of lines) {
    const [, command, protocol] = /socket_(\w+) +80 ?(\w*)/.exec(line) ?? [];
    if (command === "open") await other.requestLine(`open 80 ${protocol}`);
    // Before it reads: over UDP seven of ten arrive.
    if (command === "read") for (let sent = 0; sent < 8; sent++) await other.write(80, "answer");
    const { data } = await one.requestLine(line);
    if (command === "write") seen.push(protocol ?? "", textOf(other.read(80)));
    if (command === "read") seen.push(textOf(data));
    if (command === "close") await other.requestLine(line);
  }
  expect(seen).toEqual(["data", "data", "answer", "data", "data", "answer"]);
});

test("`data` is what let has bound, else the word itself", async () => {
  const [one, other] = twoComputers(new VirtualRouter(1, { loss: 0 }));
  for (const module of [one, other]) await module.open(80, "TCP");
  const write = lines[1] as string;
  const values = ['"two words"', "42", "-1.5", "0x00FF", String.raw`"\"\u00e9\n"`];
  await one.requestLine(write);
  for (const value of values) {
    await one.requestLine(` let  data=${value} `);
    await one.requestLine(write);
  }
  await one.requestLine("write 80   the rest  of the line, data and all  ");
  const arrived = Array.from({ length: 7 }, () => other.read(80));
  expect(arrived.map(textOf)).toEqual([
    "data",
    "two words",
    "42",
    "-1.5",
    "\0\ufffd",
    '"é\n',
    "the rest  of the line, data and all",
  ]);
  expect(arrived[4]).toEqual(Uint8Array.of(0, 255));
});

test("commands need no request before them, and any number of spaces may stand between words", async () => {
  const [one, other] = twoComputers(new VirtualRouter(1, { loss: 0 }));
  const each = async (line: string) => [await one.requestLine(line), await other.requestLine(line)];
  expect(await each("\t open   80\t TCP  \r")).toEqual(Array(2).fill({ command: "open", port: 80, data: null }));
  await one.requestLine("write 80 hello");
  const data = new TextEncoder().encode("hello");
  expect(await other.requestLine("peek 80")).toEqual({ command: "peek", port: 80, data });
  expect(textOf((await other.requestLine("wait 80")).data)).toBe("hello");
  expect((await other.requestLine("  request   socket_read    80  ")).data).toBeNull();
  expect(await each("")).toEqual(Array(2).fill({ command: null, port: null, data: null }));
  await each("close 80");
  expect(one.manager.active()).toEqual([]);
});

test.each([
  ["request", "is no request"],
  ["request socket_open", "socket_open PORT PROTOCOL"],
  ["request socket_open 80", "socket_open PORT PROTOCOL"],
  ["request socket_write 80", "socket_write PORT DATA"],
  ["request socket_close 80 81", 'written "request socket_close PORT"'],
  ["read 80 now", "socket_read PORT"],
  ["wait 80 soon", "socket_wait PORT [MILLISECONDS]"],
  ["request socket_ping 80", "is no request"],
  ["socket_read 80", "is no request"],
  ["REQUEST socket_read 80", "in lower case"],
  ["request SOCKET_READ 80", "in lower case"],
  ["Open 80 UDP", "in lower case"],
  ["toString 80", "is no request"],
  ["let", "let NAME = VALUE"],
  ["let 5 = 6", "let NAME = VALUE"],
  ["let data = word", "double quotes"],
  ['let data = "open', "double quotes"],
  ["let data = 0x123", "pairs of hex digits"],
  ["let data = ", "is no value"],
  ["read 80\nread 80", "one line at a time"],
])("%j is a syntax error that says how it is written", async (line, text) => {
  const [one] = twoComputers();
  await expect(one.requestLine(line)).rejects.toMatchObject({
    code: "ERR_XCS_SYNTAX",
    message: expect.stringContaining(text),
  });
});

test("let binds 1024 names, and those again", async () => {
  const [one] = twoComputers();
  for (let index = 0; index < 1024; index++) await one.requestLine(`let name${index} = 1`);
  await one.requestLine("let name5 = 2");
  await expect(one.requestLine("let another = 1")).rejects.toMatchObject({ code: "ERR_XCS_SYNTAX" });
});
