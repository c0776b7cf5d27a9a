import type { Browser } from "playwright-core";
import { UdpSocketFactory } from "valve-sockets/socket/udp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { comeIn } from "../../examples/web-chat/member.mjs";
import { Enter } from "../../examples/web-chat/protocol.mjs";
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

test("the names of many fit, and none of them is taken for something else", async () => {
  const server = start("server", "0", "0");
  const port = Number(await server.line("UDP port: "));
  const enter = async (name: string) => {
    const lines: string[] = [];
    const client = await comeIn(new UdpSocketFactory({ port }), name, (line) => lines.push(line));
    return { client, lines };
  };
  const members = [];
  for (let number = 0; number < 40; number++) members.push(await enter(`${number}`.padStart(30, "0")));
  const line = members.at(-1)?.lines.find((text) => text.startsWith("You are in, over udp, with ")) as string;
  expect(line.split(", with ")[1]?.split(", ")).toHaveLength(39);
  for (const name of ["\u001b[31mred", "\u202eevil", " ", "<b>"]) {
    await expect(enter(name)).rejects.toMatchObject({ code: "ERR_REQUEST_REFUSED" });
  }
  const again = members[0]?.client.request(Enter, { name: "other" });
  await expect(again).rejects.toMatchObject({ code: "ERR_REQUEST_REFUSED", message: expect.stringContaining("in") });
  server.child.kill("SIGINT");
  expect(await server.end()).toMatchObject({ code: 0, errors: "" });
});
