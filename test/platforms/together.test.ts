import { expect, test } from "vitest";
import { useInstalledPackage } from "./package.js";
import { type PlatformRuntime, runtimes } from "./runtimes.js";
import { start } from "./start.js";

const folder = useInstalledPackage();

function onPlatform(name: string): PlatformRuntime {
  const runtime = runtimes.find(({ platform }) => platform === name);
  if (!runtime) throw new Error(`nothing runs ${name}`);
  return runtime;
}

test("a server on linux-x64 serves clients of every other platform at once", async () => {
  const platforms = [...new Set(runtimes.map(({ platform }) => platform))];
  const server = await start(onPlatform("linux-x64"), folder, "program.mjs", "serve", String(platforms.length));
  const [, port = ""] = await server.line("listening");
  const clients = await Promise.all(
    platforms.map((name) => start(onPlatform(name), folder, "program.mjs", "connect", port)),
  );
  const ends = await Promise.all(clients.map((client) => client.end()));
  for (const [index, { code, lines }] of ends.entries()) {
    const exchanged = lines.some((line) => line.startsWith("exchanged 1000"));
    expect({ platform: platforms[index], code, exchanged, lines }).toMatchObject({ code: 0, exchanged: true });
  }
  expect((await server.end()).code).toBe(0);
});
