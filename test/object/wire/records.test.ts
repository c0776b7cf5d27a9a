import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { definePrefab, NetworkBehaviour, networked, type Prefab } from "../../../lib/object/index.js";
import { CallsMessage, OrderedMessage } from "../../../lib/object/wire/object-messages.js";
import { u8, vec2 } from "../../../lib/serialization/index.js";
import { root } from "../../../scripts/paths.mjs";
import { ObjectWorld } from "../../support/object-world.js";

vi.mock("../../../lib/object/server/item-numbers.js", async (original) => ({
  ...(await original<object>()),
  newNetId: () => 0x11223344,
}));

const Engine = networked(class Engine extends NetworkBehaviour {}, { power: u8, secret: [u8, { to: "owner" }] });
const Hull = networked(class Hull extends NetworkBehaviour {}, {
  armour: u8,
  course: [u8, { from: "owner" }],
  position: vec2(u8),
});
const BoatPrefab: Prefab<{ engine: typeof Engine; hull: typeof Hull }> = definePrefab("boat", {
  engine: Engine,
  hull: Hull,
});

const page = readFileSync(join(root, "docs/wire-format.md"), "utf8");
const rows = new Map(
  page.split("\n").flatMap((line) => (line.startsWith("| ") ? [line.split("|").slice(1, 3)] : [])) as [
    string,
    string,
  ][],
);

/** The bytes that the page has in the row of this text. */
const bytesOf = (what: string) => rows.get(` ${what} `)?.trim().replaceAll("`", "");

test("ordered records have the bytes of docs/wire-format.md", async () => {
  const world = new ObjectWorld({ prefabs: [BoatPrefab] });
  await world.server.start();
  const [sent, calls]: string[][] = [[], []];
  const listen = (
    target: { send: (...parameters: never[]) => boolean },
    message: object,
    skip: number,
    into: string[] | undefined,
  ) => {
    const send = target.send.bind(target) as (...parameters: unknown[]) => boolean;
    target.send = (...parameters: unknown[]) => {
      const [of, bytes] = parameters as [object, Uint8Array];
      if (of === message) into?.push(Buffer.from(bytes.subarray(skip)).toString("hex"));
      return send(...parameters);
    };
  };
  // The tick stands in front of what the server sends.
  world.server.on("authenticated", (player) => listen(player as never, OrderedMessage, 4, sent));
  const check = async (what: string, messages = sent) => {
    await world.run(200);
    expect.soft(`${what}: ${messages?.splice(0)}`).toBe(`${what}: ${bytesOf(what)}`);
  };
  const { player, world: seen, client } = await world.enter();
  await check("the world begins, and is there");
  const { identity, engine, hull } = world.objects.spawn(BoatPrefab, {
    owner: player,
    init: ({ engine, hull }) => {
      Object.assign(engine, { power: 0x11, secret: 0x22 });
      Object.assign(hull, { armour: 0x33, position: { x: 0x44, y: 0x55 } });
    },
  });
  await check("the boat appears to its owner");
  engine.power = 0x12;
  await check("`power` has changed to 0x12");
  world.objects.setCharacter(player, identity);
  await check("the boat is what the player controls");
  listen(client.player as never, CallsMessage, 0, calls);
  const own = seen.get(identity.netId)?.behaviours.hull as typeof hull;
  own.course = 0x66;
  await check("from the owner: `course` is 0x66, after 5 messages", calls);
  world.objects.setCharacter(player, null);
  identity.setOwner(null);
  await check("the player controls nothing, and does not own the boat");
  identity.destroy();
  await check("the boat is destroyed");
  expect([world.errors, world.failures]).toEqual([[], []]);
});
