import { expect, test } from "vitest";
import { nativeLayers, nativeRankOf, readNative, upwardIncludes } from "../../scripts/layers.mjs";

const sources = readNative();
const arrows = sources.flatMap((source) => upwardIncludes(source).map((included) => ({ ...source, included })));

test("at most three includes run upward, and a comment before each says why", () => {
  expect(arrows.map(({ name, included }) => `${name} -> ${included}`)).toEqual(["core/driver.cc -> core/turn.h"]);
  for (const { name, text, included } of arrows) {
    const lines = text.split("\n");
    expect(lines[lines.indexOf(`#include "${included}"`) - 1], name).toMatch(/^\/\/ .*upward/);
  }
});

test("every folder and every file of core has its place, and every place a file", () => {
  expect(sources.filter(({ name }) => nativeRankOf(name).includes(-1)).map(({ name }) => name)).toEqual([]);
  const exists = (start: string) => sources.some(({ name }) => name.startsWith(start));
  expect(nativeLayers.core.filter((file) => !exists(`core/${file}.`))).toEqual([]);
  expect(nativeLayers.folders.filter((folder) => folder !== "" && !exists(`${folder}/`))).toEqual([]);
});

test("an include in the wrong direction is found", () => {
  const isBetween = (name: string, included: string) => String(nativeRankOf(name)) !== String(nativeRankOf(included));
  const turned = sources.flatMap(({ name, imports }) =>
    imports
      .filter(
        (included) =>
          isBetween(name, included) && !arrows.some((arrow) => arrow.name === name && arrow.included === included),
      )
      .map((included) => ({ name: included, imports: [name] })),
  );
  expect(turned.length).toBeGreaterThan(80);
  expect(turned.filter((source) => upwardIncludes(source).length === 0)).toEqual([]);
});

test("only native/addon knows Node-API, and one file includes each library", () => {
  const includers = (pattern: RegExp) => sources.filter(({ text }) => pattern.test(text)).map(({ name }) => name);
  expect(includers(/^#include <(napi|node_api)/m)).toEqual(["addon/napi_setup.h"]);
  expect(includers(/^#include <steam\//m)).toEqual(["core/gns.h"]);
});

test("every include of ours is written from native on and leads to a file", () => {
  const generated = "node_api_functions.inc";
  const missing = sources.flatMap(({ name, text, imports }) =>
    [...text.matchAll(/^#include "([^"]+)"/gm)]
      .map(([, path = ""]) => path)
      .filter((path) => path !== generated && !imports.includes(path))
      .map((path) => `${name}: ${path}`),
  );
  expect(missing).toEqual([]);
});
