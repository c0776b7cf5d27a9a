import { join } from "node:path";
import { build } from "esbuild";
import { expect, test } from "vitest";
import * as browser from "../../lib/xcs/browser.js";
import * as node from "../../lib/xcs/index.js";
import { root } from "../support/runtimes.js";
import { textOf } from "./two-computers.js";

test("a bundle for browsers has the same exports, and nothing of Node", async () => {
  const { outputFiles, metafile } = await build({
    stdin: { contents: 'export * from "valve-sockets/xcs";', resolveDir: root },
    platform: "browser",
    format: "esm",
    bundle: true,
    write: false,
    metafile: true,
  });
  const inputs = Object.keys(metafile.inputs);
  expect(inputs).toContain(join("dist", "xcs", "browser.js"));
  expect(inputs.filter((name) => name.includes("xcs/node/"))).toEqual([]);
  expect(outputFiles[0]?.text).not.toMatch(/["']node:/);
  expect(Object.keys(browser).sort()).toEqual(Object.keys(node).sort());
});

test("there it has the virtual router, and no real network", async () => {
  const router = new browser.VirtualRouter();
  const [one, other] = [0, 1].map(() => browser.activate(browser.Socket, { router })) as [
    node.XcsModule,
    node.XcsModule,
  ];
  for (const module of [one, other]) await module.open(80, "TCP");
  await one.write(80, "data");
  expect(textOf(other.read(80))).toBe("data");
  const real = () => browser.activate(browser.Socket, { backend: "node" });
  expect(real).toThrow(expect.objectContaining({ code: "ERR_NOT_SUPPORTED" }));
});
