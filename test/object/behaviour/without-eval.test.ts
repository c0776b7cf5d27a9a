// Pages may forbid code that is made of strings. The layer gives the same bytes there.
import { afterEach, expect, test, vi } from "vitest";

const refuse = vi.fn(function refuse() {
  throw new EvalError("Code generation from strings disallowed for this context");
});

/** The layout and the bytes of an object, and of its second change, with all modules loaded anew. */
async function results(): Promise<unknown[]> {
  vi.resetModules();
  const { NetworkBehaviour } = await import("../../../lib/object/behaviour/network-behaviour.js");
  const { networked } = await import("../../../lib/object/behaviour/networked.js");
  const { definePrefab } = await import("../../../lib/object/behaviour/prefab.js");
  const { writeChanges, writeFullState } = await import("../../../lib/object/behaviour/identity-state.js");
  const { NetworkWriter, quaternion, string, u8, vec3 } = await import("../../../lib/serialization/index.js");
  const members = { health: u8, name: string(9), position: vec3(), turn: quaternion() };
  const Ship = networked(class Ship extends NetworkBehaviour {}, members);
  const prefab = definePrefab("ship", { ship: Ship });
  const { behaviours, values } = prefab.create();
  const { ship } = behaviours;
  const all = [15];
  const writer = new NetworkWriter();
  ship.position.x = 4;
  ship.name = "Ada";
  writeFullState(writer, values, all);
  const first = [values[0]?.settle() as number];
  ship.turn = { x: 1, y: 0, z: 0, w: 0 };
  ship.position.x = 4;
  const second = [values[0]?.settle() as number];
  writeChanges(writer, values, second, all);
  return [prefab.layout, first, second, writer.toBytes().join()];
}

afterEach(() => vi.unstubAllGlobals());

test("the same layout, masks and bytes where code from strings is forbidden", async () => {
  const generated = await results();
  vi.stubGlobal("Function", refuse);
  const looped = await results();
  expect(refuse).toHaveBeenCalled();
  expect(looped).toEqual(generated);
  expect(looped.slice(1, 3)).toEqual([[6], [8]]);
});
