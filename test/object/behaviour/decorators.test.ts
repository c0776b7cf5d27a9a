// Programs with decorators are compiled here: Node does not know them, and compilers differ in what they hand over.
import { join } from "node:path";
import { build } from "esbuild";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { root } from "../../support/runtimes.js";

const library = (name: string) => JSON.stringify(join(root, "lib", `${name}.ts`));
const HEAD = `
  import { NetworkBehaviour, behaviourDefinition, memberValues } from ${library("object/behaviour/network-behaviour")};
  import { networked, syncVar } from ${library("object/behaviour/networked")};
  import { syncList, syncMap, syncSet } from ${library("object/behaviour/collections")};
  import type { SyncList } from ${library("object/synced/sync-list")};
  import { type SyncRef, syncRef } from ${library("object/behaviour/sync-ref")};
  import { type RpcCall, callWith } from ${library("object/behaviour/rpc")};
  import { clientRpc, serverRpc } from ${library("object/declare-rpc")};
  import type { INetworkPlayer } from ${library("message/index")};
  import { NetworkWriter, string, u8, u16, vec2, float32 } from ${library("serialization/index")};
`;

const PROGRAM = `${HEAD}
  class Ship extends NetworkBehaviour {
    @syncVar(u8) accessor health = 100;
    @syncVar(u16, { to: "owner" }) accessor ammo = 30;
    @syncVar(vec2(), { delivery: "latest" }) accessor position = { x: 1, y: 2 };
    @syncList(u16, 9) accessor items!: SyncList<number>;
    @syncRef(() => Ship) accessor target!: SyncRef<Ship>;
    @serverRpc([u16], { returns: u8 }) async buy(item: number) { return item; }
    @clientRpc([string(9)], { to: "player" }) tell(player: unknown, text: string) {}
  }
  class Frigate extends Ship {
    @syncVar(string(8)) accessor name = "Ada";
  }
  const plain = { health: u8, ammo: [u16, { to: "owner" }], position: [vec2(), { delivery: "latest" }],
    items: syncList(u16, 9), target: syncRef(() => Ship) };
  const start = (self: any) => Object.assign(self, { health: 100, ammo: 30, position: { x: 1, y: 2 } });
  const rpcs: any = { tell: clientRpc([string(9)], { to: "player" }), buy: serverRpc([u16], { returns: u8 }) };
  class Methods extends NetworkBehaviour { buy() {} tell() {} }
  const PlainShip = networked(class extends Methods { constructor() { super(); start(this); } }, plain as any, rpcs);
  const PlainFrigate = networked(
    class extends Methods { constructor() { super(); start(this); (this as any).name = "Ada"; } },
    { ...plain, name: string(8) } as any,
    rpcs,
  );
  const bytesOf = (Class: any) => {
    const writer = new NetworkWriter();
    const behaviour = new Class();
    memberValues(behaviour).write(writer, behaviourDefinition(Class).allMask);
    return [behaviourDefinition(Class).layout, writer.toBytes().join()];
  };
  const frigate = new Frigate();
  frigate.position.x = 5;
  frigate.items.push(5);
  frigate.health -= 1;
  memberValues(frigate).settle();
  frigate.health -= 1;
  export const results = [Ship, Frigate, PlainShip, PlainFrigate].map(bytesOf);
  export const health = [frigate.health, new Ship().health, memberValues(frigate).settle()];
`;

async function run(lower: (source: string) => string): Promise<Record<string, unknown>> {
  const stdin = { contents: lower(PROGRAM), loader: "ts" as const, resolveDir: root };
  const options = { bundle: true, write: false, format: "esm", platform: "node", target: "es2022" } as const;
  const { outputFiles } = await build({ ...options, stdin });
  const text = outputFiles[0]?.text as string;
  return (await import(`data:text/javascript;base64,${Buffer.from(text).toString("base64")}`)) as Record<
    string,
    unknown
  >;
}

describe.each([
  ["esbuild", (source: string) => source],
  [
    "tsc",
    (source: string) =>
      ts.transpile(source, {
        target: ts.ScriptTarget.ES2022,
        module: ts.ModuleKind.ESNext,
        useDefineForClassFields: true,
      }),
  ],
])("decorators compiled by %s", (_, lower) => {
  test("give the layout and the bytes of networked", async () => {
    const { results, health } = await run(lower);
    const [ship, frigate, plainShip, plainFrigate] = results as unknown[][];
    expect(ship).toEqual(plainShip);
    expect(frigate).toEqual(plainFrigate);
    expect(frigate).not.toEqual(ship);
    expect(health).toEqual([98, 100, 2]);
  });
});

test("wrong types do not compile", () => {
  const lines: [source: string, wrong: boolean][] = [
    ["class A extends NetworkBehaviour { @syncVar(u8) accessor health = 100; }", false],
    ['class B extends NetworkBehaviour { @syncVar(u8) accessor health = "full"; }', true],
    ["class C extends NetworkBehaviour { @syncVar(u8) health = 100; }", true],
    ["class D { @syncVar(u8) accessor health = 100; }", true],
    ['class E extends NetworkBehaviour { @syncVar(u8, { to: "all" }) accessor health = 100; }', true],
    ["const F = networked(class extends NetworkBehaviour {}, { health: u8 }); new F().health = 5;", false],
    ['const G = networked(class extends NetworkBehaviour {}, { health: u8 }); new G().health = "full";', true],
    ["const H = networked(class extends NetworkBehaviour {}, { health: 8 });", true],
    ['const I = networked(class extends NetworkBehaviour {}, { ammo: [u16, { to: "all" }] });', true],
    [
      'const J = networked(class extends NetworkBehaviour {}, { ammo: [u16, { to: "owner" }] }); new J().ammo = 1;',
      false,
    ],
    ["const K = networked(class {}, { health: u8 });", true],
    ["class AA extends NetworkBehaviour { @syncList(u8, 4) accessor items!: SyncList<number>; }", false],
    ["class AB extends NetworkBehaviour { @syncList(u8, 4) accessor items!: SyncList<string>; }", true],
    ["class AC extends NetworkBehaviour { @syncList(u8) accessor items!: SyncList<number>; }", true],
    [
      "class AD extends NetworkBehaviour { @syncList(u8, 4, { delivery: 'latest' }) accessor a!: SyncList<number>; }",
      true,
    ],
    [
      "const AE = networked(class extends NetworkBehaviour {}, { a: syncList(u8, 4), b: u8, c: syncSet(u8, 4) });",
      false,
    ],
    ["new AE().a.push(4); new AE().b = 4; new AE().c.add(4);", false],
    ["new AE().a.push('4');", true],
    ["new AE().c.add('4');", true],
    ["new AE().a.on('inserted', (index, value) => value + index);", false],
    ["new AE().a.on('added', () => {});", true],
    [
      "const AF = networked(class extends NetworkBehaviour {}, { a: syncMap(u8, string(4), 4), b: syncRef(() => AE)});",
      false,
    ],
    ["new AF().a.set(5, 'x'); new AF().b.value = new AE();", false],
    ["new AF().a.set('x', 5);", true],
    ["new AF().b.value = new AF();", true],
    ["class AG extends NetworkBehaviour { @syncRef(() => AG) accessor next!: SyncRef<AG>; }", false],
    ["class AH extends NetworkBehaviour { @syncVar(u8, { to: (player, ship) => true }) accessor n = 5; }", false],
    ["class AI extends NetworkBehaviour { @syncVar(u8, { to: () => 'owner' }) accessor n = 5; }", true],
    ["class M extends NetworkBehaviour { @serverRpc([u16]) buy(item: number, call?: RpcCall) {} }", false],
    ["class N extends NetworkBehaviour { @serverRpc([u16]) buy(item: string) {} }", true],
    ["class O extends NetworkBehaviour { @serverRpc([u16]) buy(item: number, call: RpcCall) {} }", true],
    ["class P extends NetworkBehaviour { @serverRpc([], { returns: u8 }) async buy() { return 5; } }", false],
    ["class Q extends NetworkBehaviour { @serverRpc([], { returns: u8 }) async buy() { return ''; } }", true],
    ["class R extends NetworkBehaviour { @serverRpc([], { returns: u8 }) buy() { return 5; } }", true],
    ["class S extends NetworkBehaviour { @serverRpc([]) buy() { return 5; } }", true],
    ["class T extends NetworkBehaviour { @serverRpc([u16]) buy = 5; }", true],
    ["class U extends NetworkBehaviour { @serverRpc([], { to: 'owner' }) buy() {} }", true],
    [
      "class V extends NetworkBehaviour { @clientRpc([u8], { to: 'player' }) a(to: INetworkPlayer, n: number) {} }",
      false,
    ],
    ["class W extends NetworkBehaviour { @clientRpc([u8], { to: 'player' }) a(n: number) {} }", true],
    ["class X extends NetworkBehaviour { @clientRpc([], { to: 'all' }) a() {} }", true],
    ["class Y extends NetworkBehaviour { @clientRpc([], { anyone: true }) a() {} }", true],
    ["class Buyer extends NetworkBehaviour { async buy(item: number) { return item; } text = ''; }", false],
    ["const Shop = networked(Buyer, {}, { buy: serverRpc([u16], { returns: u8 }) });", false],
    ["new Shop().buy.with({ timeoutMs: 5 })(3).then((n) => n + 1);", false],
    ["new Shop().buy.with({ timeout: 5 })(3);", true],
    ["new Shop().buy.with({})('3');", true],
    ["callWith(new Shop().buy, { timeoutMs: 5 })(3);", false],
    ["callWith(new Shop().buy, { timeoutMs: 5 })('3');", true],
    ["networked(Buyer, {}, { buy: serverRpc([string(5)], { returns: u8 }) });", true],
    ["networked(Buyer, {}, { buy: serverRpc([u8]) });", true],
    ["networked(Buyer, {}, { sell: serverRpc([u8]) });", true],
    ["networked(Buyer, {}, { text: serverRpc([]) });", true],
    ["networked(Buyer, {}, { buy: u8 });", true],
    ["new F().on('health', (now, before) => now + before, { at: 'shown' });", false],
    ["new F().on('health', () => {}, { at: 'drawn' });", true],
    ["new F().on('health', (now: string) => now);", true],
    ["new F().on('helth', () => {});", true],
    ["new F().markChanged('helth');", true],
    ["class AJ extends NetworkBehaviour { @clientRpc([], { at: 'shown' }) a() {} }", false],
    ["class AK extends NetworkBehaviour { @clientRpc([], { at: 'late' }) a() {} }", true],
    ["class AL extends NetworkBehaviour { @serverRpc([], { at: 'shown' }) a() {} }", true],
    ["const L = networked(class extends NetworkBehaviour {}, { p: vec2() }); new L().p.z = 1;", true],
  ];
  const file = join(root, "test/object/behaviour/compiled.ts");
  const imports = HEAD.replaceAll(".ts", ".js").replaceAll("\n", " ");
  const source = [imports, ...lines.map(([line]) => line), "export {};"].join("\n");
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    lib: ["lib.es2023.d.ts", "lib.esnext.d.ts"],
    types: ["node"],
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    exactOptionalPropertyTypes: true,
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  host.fileExists = (name) => name === file || fileExists(name);
  host.readFile = (name) => (name === file ? source : readFile(name));
  host.getSourceFile = (name, ...rest) =>
    name === file ? ts.createSourceFile(name, source, ts.ScriptTarget.ES2022) : getSourceFile(name, ...rest);
  const created = ts.createProgram([file], options, host);
  const found = created.getSemanticDiagnostics(created.getSourceFile(file));
  const wrongLines = new Set(found.map(({ start }) => source.slice(0, start).split("\n").length - 1));
  expect([...wrongLines].sort((a, b) => a - b)).toEqual(
    lines.flatMap(([, wrong], index) => (wrong ? [index + 1] : [])),
  );
});
