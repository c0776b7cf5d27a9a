import { describe, expect, test } from "vitest";
import { useInstalledPackage } from "./package.js";
import { runtimes } from "./runtimes.js";
import { start } from "./start.js";

const folder = useInstalledPackage();

describe.each(runtimes.map((one) => [`${one.platform}: ${one.name}`, one] as const))("%s", (_name, runtime) => {
  async function run(what: string, program = "program.mjs") {
    return (await start(runtime, folder, program, what)).end();
  }

  test("1000 messages arrive as they were sent, and the process ends", async () => {
    const { code, lines, afterMs } = await run("exchange");
    expect({ code, lines }).toMatchObject({
      code: 0,
      lines: expect.arrayContaining([/^exchanged 1000 /].map(matching)),
    });
    expect(afterMs).toBeLessThan(5000);
  });

  // wine 8 lacks bcryptprimitives.dll, from which Rust has its random numbers: on Windows this is not tried.
  test.skipIf(runtime.platform === "win32-x64")(
    "WebTransport: messages and datagrams come back, and the process ends",
    async () => {
      const { code, lines, afterMs } = await run("exchange", "web-transport.mjs");
      expect({ code, lines }).toMatchObject({
        code: 0,
        lines: expect.arrayContaining([/^exchanged 200 /].map(matching)),
      });
      expect(afterMs).toBeLessThan(5000);
      const left = await run("exit", "web-transport.mjs");
      expect(left).toMatchObject({ code: 3 });
      expect(left.afterMs).toBeLessThan(5000);
    },
  );

  test("the addon's AES-GCM agrees with the runtime's", async () => {
    const { code, lines } = await run("seal");
    expect({ code, lines }).toMatchObject({
      code: 0,
      lines: expect.arrayContaining([/^sealed NativeAeadKey /].map(matching)),
    });
  });

  // Nothing is closed first: GNS still has open connections and running threads when the process ends.
  test.each([
    ["process.exit", "exit", 3],
    ["an uncaught exception", "throw", 1],
    ["a worker is terminated", "worker", 0],
  ])("the process ends by %s while a connection is open", async (_name, what, wanted) => {
    const { code, lines, afterMs } = await run(what);
    expect({ code, lines }).toMatchObject({ code: wanted, lines: expect.arrayContaining([/^open /].map(matching)) });
    expect(afterMs).toBeLessThan(5000);
  });
});

function matching(pattern: RegExp) {
  return expect.stringMatching(pattern);
}
