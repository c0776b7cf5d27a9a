import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launchBrowser } from "../support/browser-page.js";
import { type Program, startProgram } from "../support/program.js";

let browser: Browser;
const programs: Program[] = [];

function start(name: string, ...parameters: string[]): Program {
  const program = startProgram(`../../examples/web-chat/${name}`, parameters);
  programs.push(program);
  return program;
}

beforeAll(async () => {
  browser = await launchBrowser();
});

afterAll(async () => {
  await browser.close();
  for (const { child } of programs) child.kill("SIGKILL");
});

test("a program and a page chat, names are taken once, and markup stays text", async () => {
  const server = start("server", "0", "0");
  const port = await server.line("UDP port: ");
  const address = await server.line("Page: ");
  const ada = start("client", "Ada", "localhost", port);
  await ada.line("You are in, over udp, with nobody yet");

  const page = await browser.newPage();
  const errors: unknown[] = [];
  page.on("pageerror", (error) => errors.push(error));
  await page.goto(`${address}?name=Ben`);
  const onPage = (text: string) => page.getByText(text, { exact: true }).waitFor();
  await onPage("You are in, over webtransport, with Ada");
  await ada.line("Ben: has come in");
  ada.child.stdin?.write("<b>hello</b>\n");
  await onPage("Ada: <b>hello</b>");
  await page.getByRole("textbox").fill("hello, Ada");
  await page.getByRole("button").click();
  await ada.line("Ben: hello, Ada");

  const other = start("client", "Ada", "localhost", port);
  expect(await other.end()).toMatchObject({ code: 1, errors: expect.stringContaining("The name Ada is taken") });

  await page.close();
  await ada.line("Ben: has left");
  server.child.kill("SIGINT");
  await ada.line("The end: The chat is over");
  expect(await ada.end()).toMatchObject({ code: 0, errors: "" });
  expect(await server.end()).toMatchObject({ code: 0, errors: "" });
  expect(errors).toEqual([]);
});
