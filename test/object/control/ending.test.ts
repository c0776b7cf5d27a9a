import { describe, expect, test } from "vitest";
import {
  definePrediction,
  definePrefab,
  linear,
  NetworkBehaviour,
  networked,
  type Prefab,
} from "../../../lib/object/index.js";
import { float32, struct, u8 } from "../../../lib/serialization/index.js";
import { type ObjectEnd, ObjectWorld } from "../../support/object-world.js";

class GliderParts extends NetworkBehaviour {
  declare x: number;
}
const Drawn = networked(class Drawn extends GliderParts {}, {
  x: [float32, { delivery: "latest", interpolate: linear }],
});
const Plain = networked(class Plain extends GliderParts {}, { x: [float32, { delivery: "latest" }] });
const Pushed = struct({ speed: u8 });

const SPEED = 10;
const FRAME_MS = 4;

describe.each(["a member that is interpolated", "one that is not"])("the end of control: %s", (what) => {
  const Glider = (what === "one that is not" ? Plain : Drawn) as typeof Drawn;
  const GliderPrefab: Prefab<{ glider: typeof Drawn }> = definePrefab("glider", { glider: Glider });

  async function open(enter: (world: ObjectWorld) => Promise<ObjectEnd>) {
    const flying = definePrediction(Glider, {
      input: Pushed,
      step(glider, { speed }, { dt }) {
        glider.x += speed * dt;
      },
    });
    const options = { lag: { latencyMs: 60 }, tickRate: 60, prefabs: [GliderPrefab], predictions: [flying] };
    const world = new ObjectWorld(options);
    const end = await enter(world);
    const { identity, glider } = world.objects.spawn(GliderPrefab, { owner: end.player });
    await world.until(() => end.world.get(identity.netId) !== null);
    const own = end.world.get(identity.netId)?.behaviours.glider as InstanceType<typeof Drawn>;
    let last = 0;
    /** By how much the glider is drawn farther in each frame. */
    const draw = async (ms: number) => {
      const moves: number[] = [];
      for (let passed = 0; passed < ms; passed += FRAME_MS) {
        await world.run(FRAME_MS, FRAME_MS);
        end.world.update();
        moves.push(own.shown.x - last);
        last = own.shown.x;
      }
      return moves;
    };
    const stop = flying.control(own, () => ({ speed: SPEED }));
    await world.run(2000);
    await draw(200);
    return { world, identity, glider, own, draw, stop };
  }
  const overNetwork = async (world: ObjectWorld) => {
    await world.server.start();
    return world.enter();
  };
  const inHost = (world: ObjectWorld) => world.startHost("shared");
  type Opened = Awaited<ReturnType<typeof open>>;

  test.each([
    ["by its function", overNetwork, ({ stop }: Opened) => stop()],
    ["by another owner", overNetwork, ({ identity }: Opened) => identity.setOwner(null)],
    ["in a host that shares its instances", inHost, ({ stop }: Opened) => stop()],
  ] as const)("%s is drawn without a jump", async (_, enter, end) => {
    const opened = await open(enter);
    const { world, glider, own, draw } = opened;
    end(opened);
    const moves = await draw(1000);
    // The way of a frame, twice; what was predicted and is not true glides back in 100 ms.
    const most = 2 * ((SPEED * FRAME_MS) / 1000) + ((SPEED * 0.2) / 100) * FRAME_MS;
    expect(Math.max(...moves.map(Math.abs))).toBeLessThan(most);
    expect(own.shown.x).toBeCloseTo(glider.x, 4);
    glider.x += 1;
    await draw(500);
    expect(own.shown.x).toBeCloseTo(glider.x, 4);
    expect([world.errors, world.failures]).toEqual([[], []]);
  });
});
