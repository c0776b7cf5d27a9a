import { expect, test } from "vitest";
import { defineProtocol, NetworkServer, type ServerExtension } from "../../lib/message/index.js";
import { definePrefab, NetworkBehaviour, networked, type Prefab, ServerObjectManager } from "../../lib/object/index.js";
import { u8 } from "../../lib/serialization/index.js";

class BoxParts extends NetworkBehaviour {
  declare size: number;
}
const Box = networked(BoxParts, { size: u8 });
const BoxPrefab: Prefab<{ box: typeof Box }> = definePrefab("box", { box: Box });

/** Counts what it has been given. */
class Score implements ServerExtension {
  readonly name: string;
  value: number;
  constructor(name: string, value = 0) {
    this.name = name;
    this.value = value;
  }
  snapshot = () => new Uint8Array([this.value]);
  restore = (bytes: Uint8Array) => {
    this.value = bytes[0] as number;
  };
}

async function started(...extensions: ServerExtension[]) {
  const server = new NetworkServer({
    protocol: defineProtocol({ name: "snapshots", version: 1, messages: [] }),
    listen: false,
  });
  for (const extension of extensions) server.use(extension);
  const objects = new ServerObjectManager(server, { prefabs: [BoxPrefab] });
  await server.start();
  return { server, objects };
}

test("a server goes on with what the extensions of another have kept; each gets its own", async () => {
  const first = await started(new Score("a", 3), new Score("b", 4), { tick() {} });
  first.objects.spawn(BoxPrefab).box.size = 77;
  const snapshot = first.server.snapshot();
  const [b, c] = [new Score("b"), new Score("c", 9)];
  const second = await started(b, c);
  second.server.restore(snapshot);
  expect([b.value, c.value]).toEqual([4, 9]);
  expect(second.objects.objects.map(({ behaviours }) => (behaviours.box as BoxParts).size)).toEqual([77]);
});

test("what is no snapshot throws, and so does a server that is not active", async () => {
  const { server } = await started(new Score("a", 3));
  const snapshot = server.snapshot();
  expect(() => server.restore(snapshot.subarray(1))).toThrow(expect.objectContaining({ name: "NetworkError" }));
  expect(() => server.restore("text" as never)).toThrow(TypeError);
  await server.stop();
  expect(() => server.restore(snapshot)).toThrow(expect.objectContaining({ code: "ERR_STATE" }));
});

test("extensions with a snapshot need names of their own", async () => {
  const twice = await started(new Score("a"), new Score("a"));
  expect(() => twice.server.snapshot()).toThrow("name of its own");
  const nameless = await started({ snapshot: () => new Uint8Array() });
  expect(() => nameless.server.snapshot()).toThrow("name of its own");
});
