import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findCodeBlocks } from "../docs/code-blocks.js";
import { NetworkWorld, whyNoNamespaces } from "../support/network-world.js";

const root = fileURLToPath(new URL("../../", import.meta.url));

describe.skipIf(whyNoNamespaces !== null)(`docs/p2p.md ${whyNoNamespaces ?? ""}`, () => {
  let world: NetworkWorld;
  let folder = "";

  beforeAll(() => {
    world = new NetworkWorld();
    folder = mkdtempSync(join(tmpdir(), "valve-sockets-p2p-"));
    mkdirSync(join(folder, "node_modules"));
    symlinkSync(root, join(folder, "node_modules", "valve-sockets"));
  });
  afterAll(() => {
    world?.remove();
    rmSync(folder, { recursive: true });
  });

  const programs = findCodeBlocks("docs/p2p.md", readFileSync(join(root, "docs", "p2p.md"), "utf8"));

  test.each([
    ["a lobby", "SignalingServer"],
    ["a pipe", "iceOptions"],
  ])("the example over %s says hello in both directions and ends", async (name, word) => {
    const example = programs.find(({ code }) => code.startsWith("import ") && code.includes(word));
    const file = join(folder, `${name}.mjs`);
    writeFileSync(file, example?.code ?? "");
    const { code, output } = await world.run("a", file);
    expect({ code, lines: output.trim().split("\n").sort() }).toEqual({
      code: 0,
      lines: ['alice got "Hello, alice"', 'bob got "Hello, bob"'],
    });
  });
});
