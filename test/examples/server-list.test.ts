import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { launchBrowser } from "../support/browser-page.js";
import { type Program, startProgram } from "../support/program.js";

let browser: Browser;
const programs: Program[] = [];

function start(name: string, ...parameters: string[]): Program {
  const program = startProgram(`../../examples/server-list/${name}`, parameters);
  programs.push(program);
  return program;
}

beforeAll(async () => {
  browser = await launchBrowser();
});

afterEach(() => {
  for (const { child } of programs.splice(0)) child.kill("SIGKILL");
});

afterAll(async () => {
  await browser.close();
});

test("a list in a terminal and one in a browser show the servers, and whether they still run", async () => {
  const [ada, grace] = [start("server", "Ada's game", "0", "0"), start("server", "Grace's game", "0", "0")];
  const [adaPort, gracePort] = [await ada.line("UDP port: "), await grace.line("UDP port: ")];
  const list = start("list", "1", `127.0.0.1:${adaPort}`, `127.0.0.1:${gracePort}`);
  expect(await list.line("Ada's game: ")).toMatch(new RegExp(`^0 of 8, 127.0.0.1:${adaPort}, \\d+ ms$`));
  expect(await list.line("Grace's game: ")).toMatch(new RegExp(`^0 of 8, 127.0.0.1:${gracePort}, \\d+ ms$`));

  const [page, other] = [await browser.newPage(), new URL(await grace.line("Page: "))];
  const errors: unknown[] = [];
  page.on("pageerror", (error) => errors.push(error));
  await page.goto(`${await ada.line("Page: ")}?servers=${other.host}`);
  await page.getByText("Ada's game: 0 of 8", { exact: true }).waitFor();
  await page.getByText("Grace's game: 0 of 8", { exact: true }).waitFor();

  grace.child.kill("SIGINT");
  expect(await grace.end()).toMatchObject({ code: 0, errors: "" });
  await page.getByText("Grace's game: 0 of 8", { exact: true }).waitFor({ state: "detached" });
  await page.getByText("Ada's game: 0 of 8", { exact: true }).waitFor();
  expect(errors).toEqual([]);

  list.child.kill("SIGINT");
  expect(await list.end()).toMatchObject({ code: 0, errors: "" });
  const once = await start("list", "0", `127.0.0.1:${gracePort}`, `127.0.0.1:${adaPort}`).end();
  expect(once.lines.filter((line) => line.includes(`:${adaPort}`)).length).toBe(1);
  expect(once.lines.filter((line) => line.includes(`:${gracePort}`))).toEqual([]);
});
