import { afterEach, describe, expect, test, vi } from "vitest";
import { ShownTime } from "../../../lib/object/timeline/shown-time.js";
import { type AnyBody, Scene, TICK_MS } from "../../support/body-world.js";

const LEG = 40;
/** Goes, turns, rests, and goes back. */
const path = (tick: number) => {
  const phase = tick % 300;
  const turn = 20 - 20 * Math.cos((Math.PI * Math.min(phase, 120)) / 60);
  return turn + (phase > 200 ? (phase - 200) * 0.2 : 0);
};
const move = (body: AnyBody, tick: number) => {
  body.position.x = path(tick);
};

const straight = (body: AnyBody, tick: number) => {
  body.position.x = tick;
};

afterEach(() => {
  vi.restoreAllMocks();
});

describe.each([0, 0.02])("with 150 ms of round trip, jitter and a loss of %d", (loss) => {
  test("of 1000 shots at what a client shows at least 99 % hit the rewound target", async () => {
    const scene = await Scene.open({ lag: { latencyMs: 70, jitterMs: 10, loss } }, move);
    const errors: number[] = [];
    let late = 0;
    scene.body.onShot = (x, viewTick, { player }) => {
      const present = scene.body.position.x;
      // A call that was lost on its way, or waited behind one that was, is older than the server believes.
      const ageMs = (scene.world.server.tick - viewTick) * TICK_MS;
      if (ageMs > player.roundTripTimeMs + TICK_MS + 50) late++;
      else errors.push(scene.world.objects.rewind(player, () => Math.abs(scene.body.position.x - x)));
      expect(scene.body.position.x).toBe(present);
    };
    await scene.draw(2000);
    let frames = 0;
    await scene.draw(28_000, ({ tick, body }) => {
      if (++frames % 4 === 0) scene.seen.shoot(body.position.x, tick);
    });
    await scene.draw(500);
    expect(errors.length).toBeGreaterThanOrEqual(1000);
    if (loss === 0) expect(late).toBeLessThan(10);
    expect(errors.filter((error) => error <= 0.01 * LEG).length / errors.length).toBeGreaterThanOrEqual(0.99);
    expect([scene.world.errors, scene.world.failures]).toEqual([[], []]);
  });
});

describe("rewind", () => {
  /** A scene whose client shoots once; `shot` runs on the server. */
  async function shoot(shot: (scene: Scene, rewind: <T>(look: () => T) => T) => void, run = straight) {
    const scene = await Scene.open({ lag: { latencyMs: 70 } }, run);
    await scene.draw(1000);
    const ran: unknown[] = [];
    scene.body.onShot = (_x, _y, { player }) => {
      try {
        shot(scene, (look) => scene.world.objects.rewind(player, look));
        ran.push(null);
      } catch (error) {
        ran.push(error);
      }
    };
    scene.seen.shoot(0, 0);
    await scene.draw(300);
    expect(ran).toEqual([null]);
    expect([scene.world.errors, scene.world.failures]).toEqual([[], []]);
    return scene;
  }
  const withCode = (code: string) => expect.objectContaining({ code });

  test("inside itself throws, and harms neither", async () => {
    await shoot(({ body }, rewind) => {
      const now = body.position.x;
      rewind(() => {
        const then = body.position.x;
        expect(then).not.toBe(now);
        expect(() => rewind(() => {})).toThrow(withCode("ERR_REWIND"));
        expect(body.position.x).toBe(then);
      });
      expect(body.position.x).toBe(now);
    });
  });

  test("restores what it has set back when the function throws, or returns a promise", async () => {
    await shoot(({ body }, rewind) => {
      const now = body.position.x;
      const fail = () => {
        throw new Error("from look");
      };
      expect(() => rewind(fail)).toThrow("from look");
      expect(body.position.x).toBe(now);
      expect(() => rewind(async () => {})).toThrow(withCode("ERR_REWIND"));
      expect(body.position.x).toBe(now);
    });
  });

  test("sends nothing and calls no listener, and what the function sets of other members stays", async () => {
    const scene = await shoot(
      ({ body }, rewind) => {
        body.on("position", () => expect.fail("a listener heard of a rewind"));
        rewind(() => {
          body.colour = 9;
          body.position.x = 1e6;
        });
        expect([body.colour, body.position.x]).toEqual([9, 500]);
      },
      (body, tick) => {
        body.position.x = Math.min(tick * 7, 500);
      },
    );
    expect([scene.seen.colour, scene.seen.position.x]).toEqual([9, 500]);
  });

  test("believes a client's time up to its round trip, an interval of states, a tick and 50 ms", async () => {
    for (const [claimed, least, most] of [
      [-10_000, 10, 16],
      [-20, 10, 16],
      [10_000, 1, 1],
    ] as const) {
      const honest = Object.getOwnPropertyDescriptor(ShownTime.prototype, "tick")?.get as () => number | null;
      vi.spyOn(ShownTime.prototype, "tick", "get").mockImplementation(function (this: ShownTime) {
        const tick = honest.call(this);
        return tick === null ? null : tick + claimed;
      });
      await shoot(({ body, world }, rewind) => {
        const ago = world.server.tick - rewind(() => body.position.x);
        expect(ago).toBeGreaterThanOrEqual(least);
        expect(ago).toBeLessThanOrEqual(most);
      });
      vi.restoreAllMocks();
    }
  });

  test("needs a player that is ready", async () => {
    const scene = await Scene.open({}, move);
    const { player, client } = scene.end;
    client.disconnect();
    await scene.draw(500);
    expect(() => scene.world.objects.rewind(player, () => {})).toThrow(withCode("ERR_STATE"));
  });
});
