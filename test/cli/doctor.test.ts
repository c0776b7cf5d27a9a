import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../support/runtimes.js";
import { startCommand } from "./command.js";

const run = (...args: string[]) => startCommand(...args).end();
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };

test("doctor examines the computer, and tries each transport", async () => {
  const { code, stdout, stderr } = await run("doctor", "--json");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(JSON.parse(stdout)).toMatchObject({
    "valve-sockets": { value: version },
    runtime: { value: `Node.js ${process.versions.node}` },
    addon: { value: expect.stringMatching(/\.node$/) },
    driver: { value: expect.stringMatching(/hybrid|thread/) },
    udp: { value: "works" },
    gns: { value: "works" },
    websocket: { value: "works" },
    webtransport: { value: "works" },
  });
  expect((await run("doctor")).stdout).toMatch(/^valve-sockets +\d.*\n(.*\n)+All is well\.\n$/);
});

test("each command tells how it is used, and --version the version", async () => {
  const { stdout } = await run("--help");
  const names = [...stdout.matchAll(/^ {2}(\w+) {2,}\w/gm)].map(([, name]) => name as string);
  expect(names).toEqual(expect.arrayContaining(["doctor", "ping", "load", "xcs", "completion"]));
  const page = readFileSync(join(root, "docs", "command-line.md"), "utf8");
  for (const name of names) {
    expect(page, name).toContain(`\`${name}\``);
    const help = await run(name, "--help");
    expect({ name, ...help }).toMatchObject({
      code: 0,
      stderr: "",
      stdout: expect.stringMatching(/^Usage: valve-sock/),
    });
    expect(help.stdout).toContain(`valve-sockets ${name}`);
  }
  expect((await run("--version")).stdout).toBe(`${version}\n`);
  expect(await run()).toMatchObject({ code: 2, stdout: "", stderr: stdout });
});

test("bash completes commands and options", async () => {
  const { stdout } = await run("completion", "bash");
  const complete = (...words: string[]) => {
    const line = `COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length - 1}`;
    const script = `${stdout}\n${line}\n_valve_sockets\nprintf '%s\\n' "\${COMPREPLY[@]}"`;
    return execFileSync("bash", ["-c", script], { encoding: "utf8" }).trim().split("\n");
  };
  expect(complete("valve-sockets", "p")).toEqual(["ping"]);
  expect(complete("valve-sockets", "ping", "--c")).toEqual(["--count"]);
  expect(complete("valve-sockets", "nothing", "--")).toEqual([""]);
  for (const shell of ["zsh", "fish"]) expect((await run("completion", shell)).stdout).toContain("ping");
});
