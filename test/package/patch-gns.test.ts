import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { patched, patchGns, sourcesIn } from "../../scripts/patch-gns.mjs";

const HEADER = "src/steamnetworkingsockets/clientlib/steamnetworkingsockets_snp.h";

test("the copy of GNS that is built has every change once, and nothing is changed twice", async () => {
  const { crate, build } = await patchGns();
  const text = readFileSync(join(sourcesIn(crate), HEADER), "utf8");
  expect(text.split("bool BTooFarAhead( int64 nNextPktNum ) const")).toHaveLength(2);
  expect(readFileSync(join(build, "..", "Cargo.toml"), "utf8")).toContain("[patch.crates-io]");
  expect(await patchGns()).toEqual({ crate, build });
});

test("another version of GNS, in which a change has no place or two, is refused with what it looked for", () => {
  const changes = [{ file: "a.h", find: "int a;", add: " int b;" }];
  expect(patched("a.h", "{ int a; }", changes)).toBe("{ int a; int b; }");
  expect(patched("b.h", "{ int a; }", changes)).toBe("{ int a; }");
  expect(() => patched("a.h", "{}", changes)).toThrow(
    /^a\.h of GameNetworkingSockets has 0 times.*: int a;\n.*upgrading/,
  );
  expect(() => patched("a.h", "int a; int a;", changes)).toThrow("2 times");
});
