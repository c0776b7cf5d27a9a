import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { loadWebTransport, WT_RECORD, WtCause, WtCommand, WtEvent } from "../../lib/addon/native-web-transport.js";
import manifest from "../../package.json" with { type: "json" };
import binaries from "../../packages/webtransport/package.json" with { type: "json" };

const text = readFileSync("deps/webtransport/src/records.rs", "utf8");

/** The entries of an enumeration, with the names of Rust's constants. */
const named = (values: Record<string, string | number>) =>
  Object.fromEntries(
    Object.entries(values)
      .filter(([, value]) => typeof value === "number")
      .map(([name, value]) => [name.toUpperCase(), value]),
  );

test("the records have the same numbers in Rust and in TypeScript", () => {
  const constants = (module: string) => {
    const body = new RegExp(`pub mod ${module} \\{(.*?)\\n\\}`, "s").exec(text)?.[1] ?? "";
    return Object.fromEntries([...body.matchAll(/const (\w+): u8 = (\d+)/g)].map(([, name, n]) => [name, Number(n)]));
  };
  expect(constants("event")).toEqual(named(WtEvent as unknown as Record<string, number>));
  expect(constants("command")).toEqual(named(WtCommand as unknown as Record<string, number>));
  const causes = /pub enum Cause \{(.*?)\n\}/s.exec(text)?.[1] ?? "";
  const entries = [...causes.matchAll(/(\w+) = (\d+)/g)].map(([, name = "", n]) => [name.toUpperCase(), Number(n)]);
  expect(Object.fromEntries(entries)).toEqual(named(WtCause as unknown as Record<string, number>));
  expect(text).toContain(`HEAD_BYTES: usize = ${WT_RECORD.payload}`);
});

test("the package of the binaries has the version of this one, which wants exactly it", () => {
  expect(binaries.version).toBe(manifest.version);
  expect(manifest.peerDependencies[binaries.name as "ws"]).toBe(manifest.version);
});

test("wrong arguments are errors, and unknown sockets are nothing", () => {
  const addon = loadWebTransport() as unknown as Record<string, (...args: unknown[]) => unknown>;
  const slab = new Uint8Array(64);
  for (const name of Object.keys(addon).filter((name) => name !== "tearDown")) {
    const call = addon[name] as (...args: unknown[]) => unknown;
    for (const args of [[], [-1], ["x"], [{}, {}], [Number.NaN, slab], [1.5, slab, slab]]) {
      expect(() => call(...args), `${name}(${args})`).toThrow(/must be/);
    }
  }
  expect(addon.receive?.(4_000_000, slab)).toBe(0);
  expect(addon.send?.(4_000_000, slab, 64)).toBe(0);
  expect(() => addon.send?.(1, slab, 65)).toThrow("within the slab");
  expect(addon.close?.(4_000_000)).toBe(false);
});

test("records that make no sense change nothing", () => {
  const addon = loadWebTransport();
  const socket = addon.openSocket(true, new Uint8Array(16), 0, 0, 65_536, 64, 16, 1000, 1000, 0);
  expect(socket).toBeGreaterThan(0);
  const records = new Uint8Array(4096);
  let seed = 7;
  for (let round = 0; round < 2000; round++) {
    for (let at = 0; at < records.length; at++) {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      records[at] = at % 4 === 0 ? seed >>> 24 : 0;
    }
    expect(addon.send(socket, records, records.length)).toBe(0);
  }
  expect(addon.receive(socket, records)).toBe(0);
  expect(addon.close(socket)).toBe(true);
});
