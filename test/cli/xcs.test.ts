import { spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { findCodeBlocks } from "../docs/code-blocks.js";
import { temporaryFolder } from "../support/packed.js";
import { root } from "../support/runtimes.js";
import { type Command, startCommand, startProcess } from "./command.js";

const page = readFileSync(join(root, "docs", "xcs.md"), "utf8");
const listings = findCodeBlocks("docs/xcs.md", page)
  .filter(({ language }) => ["haskell", "ocaml"].includes(language))
  .map(({ code }) => code)
  .join("");

const run = (args: string[], input?: string) => startCommand(...args).end(input);

describe("on the virtual router", () => {
  test("the listings run as written, from a pipe and from a file", async () => {
    const piped = await run(["xcs"], listings);
    expect(piped).toMatchObject({ code: 0, stdout: 'ok\nok\n"data"\nok\n'.repeat(2) });
    const { folder, remove } = temporaryFolder();
    onTestFinished(remove);
    const file = join(folder, "listings.txt");
    writeFileSync(file, listings.trimEnd().replaceAll("\n", "\r\n"));
    expect(await run(["xcs", file])).toEqual(piped);
  });

  test("another seed loses other packets, and the same one the same", async () => {
    const lines = `open 80 UDP\n${"write 80 a\nread 80\n".repeat(50)}close 80\n`;
    const outputs = await Promise.all(["1", "1", "2"].map((seed) => run(["xcs", "--seed", seed], lines)));
    const [first, again, other] = outputs.map(({ stdout }) => stdout) as [string, string, string];
    expect(first.match(/"a"/g)?.length).toBeLessThan(50);
    expect(first.match(/null/g)?.length).toBeGreaterThan(0);
    expect(again).toBe(first);
    expect(other).not.toBe(first);
  });

  test("what is read is printed as let takes it", async () => {
    const values = ['"a\\"b"', '"é 世界"', "0x00ff", "0x1b5b", '"0x"', '""'];
    const lines = values.map((value) => `let v = ${value}\nwrite 80 v\nread 80\n`).join("");
    const { stdout } = await run(["xcs"], `open 80 TCP\n${lines}close 80\n`);
    const printed = stdout.split("\n").filter((line) => !["ok", ""].includes(line));
    expect(printed).toEqual(values);
    const hidden = await run(["xcs"], 'open 80 TCP\nlet v = "\\u009b\\u202e"\nwrite 80 v\nread 80\nclose 80');
    expect(hidden.stdout).toContain("0xc29be280ae\n");
  });

  test("active lists the open ports, help the commands, and exit ends it", async () => {
    const { stdout, stderr, code } = await run(["xcs"], "active\nopen 80 TCP\n active \nhelp\nexit\nnonsense\n");
    expect(stdout).toMatch(/^no port is open\nok\n80 TCP on 10\.0\.0\.1: open for 0 s, 0 sent.*\nrequest socket_open/);
    expect(stderr).toMatch(/^warning: .*port 80 \(TCP\)/);
    expect(code).toBe(0);
  });

  test("the first line that fails ends it", async () => {
    const { code, stdout, stderr } = await run(["xcs"], "\nopen 80 UDP\nopen 81 udp\nopen 82 UDP\n");
    expect([code, stdout]).toEqual([1, "ok\n"]);
    expect(stderr).toMatch(/^line 3: ERR_XCS_PROTOCOL_UNSUPPORTED: .*upper case\nwarning: .*80 \(UDP\)/);
  });

  test("a line that waits for what nobody writes fails", async () => {
    const { code, stdout, stderr } = await run(["xcs"], "open 80 TCP\nwait 80\nclose 80\n");
    expect([code, stdout]).toEqual([1, "ok\n"]);
    expect(stderr).toMatch(/^nobody is left to write what this waits for\nwarning: .*\nline 2: ERR_XCS_CLOSED: /);
  });

  test("a line that is no request names help", async () => {
    const { stderr } = await run(["xcs"], "quit\n");
    expect(stderr).toMatch(/^line 1: ERR_XCS_SYNTAX: "quit" is no request: .*; "help" lists all commands\n$/);
  });

  test("whoever only writes is not kept waiting", async () => {
    const lines = `open 80 TCP\n${"write 80 a\n".repeat(3000)}read 80\nclose 80\n`;
    expect(await run(["xcs"], lines)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^(ok\n){3001}"a"\nok\n$/),
    });
  });

  test("a line without end is not kept", async () => {
    const { code, stderr } = await run(["xcs"], "x".repeat(9_000_000));
    expect([code, stderr]).toEqual([1, "line 1: It is longer than 8388608 characters\n"]);
  });
});

test.each<[string[], RegExp]>([
  [[], /^Usage: /],
  [["frob"], /^There is no command frob; there are cert, connect, /],
  [["xcs", "--frob"], /--frob/],
  [["xcs", "a", "b"], /^One FILE at a time/],
  [["xcs", "no such file"], /^Cannot read the file: .*no such file/],
  [["xcs", "."], /^Cannot read the file: \. is a folder/],
  [["xcs", "--backend", "real"], /^--backend is virtual or node/],
  [["xcs", "--seed", "x"], /^--seed is a whole number/],
  [["xcs", "--seed", "4294967296"], /^seed must be/],
  [["xcs", "--peer", "127.0.0.1:80"], /need --backend node/],
  [["xcs", "--backend", "node", "--peer", "127.0.0.1:0"], /^peers must be host:port/],
  [["xcs", "--backend", "node", "--connect", ":80"], /^connect must be host:port/],
  [["xcs", "--backend", "node", "--port-offset", "65535"], /^portOffset must be/],
  [["xcs", "--backend", "node", "--seed", "1"], /^--seed is for the virtual router/],
])("valve-sockets %j is wrong: exit code 2, and stderr says why", async (args, text) => {
  const { code, stdout, stderr } = await run(args);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(text);
});

test("--help and --version go to stdout", async () => {
  for (const args of [["--help"], ["xcs", "--help"]]) {
    expect(await run(args)).toMatchObject({
      code: 0,
      stderr: "",
      stdout: expect.stringMatching(/^Usage: valve-sockets/),
    });
  }
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  expect(await run(["--version"])).toMatchObject({ code: 0, stdout: `${version}\n` });
});

/** Two loopback addresses that no other test uses. */
const [one, other] = [1, 2].map((host) => `127.${host}.${(process.pid >> 8) & 255}.${process.pid & 255 || 1}`) as [
  string,
  string,
];

/** Arguments that make port 80 one that this process may open. */
async function portOffset(): Promise<{ port: number; args: string[] }> {
  const isAllowed = await new Promise<boolean>((resolve) => {
    const socket = createSocket("udp4").on("error", () => resolve(false));
    socket.bind(80, one, () => socket.close(() => resolve(true)));
  });
  return isAllowed ? { port: 80, args: [] } : { port: 18_080, args: ["--port-offset", "18000"] };
}

describe("on the real network", () => {
  test("the listings run as written, in two processes, and the data arrives at both", async () => {
    const { port, args } = await portOffset();
    const start = (host: string, ...more: string[]) =>
      startCommand("xcs", "--backend", "node", "--host", host, ...args, ...more);
    const left = start(one, "--peer", `${other}:${port}`);
    const right = start(other, "--peer", `${one}:${port}`, "--connect", `${one}:${port}`);
    const ask = async (command: Command, line: string, answer: RegExp) => {
      command.write(line);
      await command.waitFor("stdout", answer);
    };
    const transfer = async (from: Command, write: string, to: Command, read: string) => {
      await ask(from, write, /^ok\n/);
      await to.waitFor("stderr", /port 80: data has arrived\n/);
      await ask(to, read, /^"data"\n/);
    };
    const lines = listings.trimEnd().split("\n");
    for (const [open, write, read, close] of [lines.slice(0, 4), lines.slice(4)] as [
      string,
      string,
      string,
      string,
    ][]) {
      await ask(left, open, /^ok\n/);
      await ask(right, open, /^ok\n/);
      await transfer(right, write, left, read);
      await transfer(left, write, right, read);
      await ask(right, close, /^ok\n/);
      await ask(left, close, /^ok\n/);
    }
    expect(await left.end()).toMatchObject({ code: 0, stderr: expect.not.stringContaining("warning") });
    expect(await right.end()).toMatchObject({ code: 0, stderr: expect.not.stringContaining("warning") });
  });

  test.each(["SIGTERM", "SIGINT"] as const)("%s closes what is open, with a warning, and ends it", async (signal) => {
    const command = startCommand("xcs", "--backend", "node", "--host", one, "--port-offset", "18000");
    command.write("open 81 TCP\nwait 81");
    await command.waitFor("stdout", /ok\n/);
    command.child.kill(signal);
    const ended = await command.end();
    expect(ended).toMatchObject({ code: null, signal, stdout: "ok\n" });
    expect(ended.stderr).toMatch(/^warning: .*port 81 \(TCP\).*\n$/);
  });
});

const hasTerminals = process.platform === "linux" && spawnSync("script", ["--version"]).status === 0;

describe.skipIf(!hasTerminals)("in a terminal", () => {
  /** The command in a terminal of its own, which the program `script` makes. */
  function startInTerminal(...args: string[]): Command {
    const command = `exec "${process.execPath}" "${join(root, "dist", "cli", "main.js")}" xcs ${args.join(" ")}`;
    return startProcess("script", ["--quiet", "--return", "--command", command, "/dev/null"]);
  }

  test("it asks for lines, and a mistake does not end it", async () => {
    const terminal = startInTerminal();
    await terminal.waitFor("stdout", /xcs> /);
    for (const [line, answer] of [
      ["open 80 tcp", /ERR_XCS_PROTOCOL_UNSUPPORTED: .*\r\n.*xcs> /s],
      ["open 80 TCP", /ok\r\n.*xcs> /s],
      ["write 80 data", /ok\r\n.*xcs> /s],
      ["read 80", /"data"\r\n.*xcs> /s],
    ] as const) {
      terminal.write(line);
      await terminal.waitFor("stdout", answer);
    }
    terminal.child.stdin?.write("\u0004"); // Ctrl-D
    await terminal.waitFor("stdout", /warning: .*port 80 \(TCP\)/);
    expect(await terminal.end()).toMatchObject({ code: 0 });
  });

  test("Ctrl-C ends it", async () => {
    const terminal = startInTerminal();
    await terminal.waitFor("stdout", /xcs> /);
    terminal.write("open 80 TCP");
    await terminal.waitFor("stdout", /ok\r\n.*xcs> /s);
    terminal.child.stdin?.write("\u0003");
    await terminal.waitFor("stdout", /warning: .*port 80 \(TCP\)/);
    expect(await terminal.end()).toMatchObject({ code: 130 }); // how `script` says SIGINT
  });

  test("exit ends it", async () => {
    const terminal = startInTerminal();
    await terminal.waitFor("stdout", /xcs> /);
    terminal.write("exit");
    // Its input stays open: that nothing more is typed is not what ends it.
    await once(terminal.child, "exit");
    expect(terminal.child.exitCode).toBe(0);
  });

  test("Ctrl-D ends it while a line waits", async () => {
    const terminal = startInTerminal();
    await terminal.waitFor("stdout", /xcs> /);
    terminal.write("open 80 TCP");
    await terminal.waitFor("stdout", /ok\r\n.*xcs> /s);
    terminal.write("wait 80");
    await terminal.waitFor("stdout", /wait 80\r\r?\n/);
    terminal.child.stdin?.write("\u0004");
    await terminal.waitFor("stdout", /warning: .*port 80 \(TCP\)/);
    expect(await terminal.end()).toMatchObject({ code: 0 });
  });

  test("news do not tear the line that is being typed", async () => {
    const terminal = startInTerminal("--backend", "node", "--host", one, "--port-offset", "18000");
    await terminal.waitFor("stdout", /xcs> /);
    terminal.write("open 82 UDP");
    await terminal.waitFor("stdout", /ok\r\n.*xcs> /s);
    terminal.child.stdin?.write("write 82");
    await terminal.waitFor("stdout", /write 82/);
    const sender = createSocket("udp4");
    onTestFinished(() => void sender.close());
    sender.send("hello", 18_082, one);
    await terminal.waitFor("stdout", /port 82: data has arrived\r\n.*xcs> write 82/s);
    const answered = once(sender, "message");
    terminal.write(" back");
    const [answer] = await answered;
    expect(String(answer)).toBe("back");
  });
});
