import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { MemberValues } from "../../../lib/object/behaviour/member-values.js";
import { root } from "../../support/runtimes.js";
import { libraries } from "./libraries.js";

describe.each(libraries)("%s", (_way, library) => {
  const { memberValues, networked, References, SyncRef, syncRef } = library;
  const { NetworkBehaviour, NetworkReader, NetworkWriter, u8 } = library;

  class Target extends NetworkBehaviour {}
  const Ship = networked(class Ship extends NetworkBehaviour {}, {
    health: u8,
    target: syncRef(() => Target, { from: "both" }),
  });
  const TARGET = 2;

  /** A world with these behaviours, each the only one of its object unless `index` says more. */
  function worldOf(isServer: boolean) {
    const objects = new Map<number, InstanceType<typeof NetworkBehaviour>>();
    const references = new References(isServer, (netId, index) => (index === 2 ? (objects.get(netId) ?? null) : null));
    const add = <T extends InstanceType<typeof NetworkBehaviour>>(netId: number, behaviour: T): T => {
      objects.set(netId, behaviour);
      const link = {
        identity: {} as never,
        netId,
        indexOf: () => 2,
        callRpc: () => undefined,
        rescope: () => {},
        startControl: () => () => {},
      };
      NetworkBehaviour.setLink(behaviour, link);
      memberValues(behaviour).references = references;
      references.appeared(netId);
      return behaviour;
    };
    const remove = (netId: number) => {
      objects.delete(netId);
      references.gone(netId);
    };
    return { add, remove, references };
  }

  const bytesOf = (values: MemberValues, hidden = 0) => {
    const writer = new NetworkWriter();
    values.writeDelta(writer, TARGET, hidden);
    return writer.toBytes();
  };

  function bothSides() {
    const [server, client] = [worldOf(true), worldOf(false)];
    const near = server.add(1, new Ship());
    const far = client.add(1, new Ship());
    const send = (hidden = 0) => memberValues(far).read(new NetworkReader(bytesOf(memberValues(near), hidden)), TARGET);
    return { server, client, near, far, send };
  }

  test("is null on the other side until the object is there, again after it was out of sight", () => {
    const { server, client, near, far, send } = bothSides();
    const resolved: unknown[] = [];
    const heard: unknown[] = [];
    far.target.on("resolved", (target) => resolved.push(target));
    far.on("target", (now, before) => heard.push([now.value, before.value]));
    const deliver = () => memberValues(far).deliver(() => {});

    near.target.value = server.add(7, new Target());
    expect(memberValues(near).settle()).toBe(TARGET);
    send();
    deliver();
    expect([far.target.value, resolved]).toEqual([null, []]);

    const there = client.add(7, new Target());
    deliver();
    expect(far.target.value).toBe(there);
    client.remove(7);
    deliver();
    expect(far.target.value).toBe(null);
    const again = client.add(7, new Target());
    deliver();
    expect(resolved).toEqual([there, again]);
    expect(heard).toEqual([
      [there, null],
      [null, there],
      [again, null],
    ]);
    expect(memberValues(far).settle()).toBe(0);
  });

  test("is written as null for whoever does not see the object", () => {
    const { server, client, near, far, send } = bothSides();
    near.target.value = server.add(7, new Target());
    client.add(7, new Target());
    send(TARGET);
    expect(far.target.value).toBe(null);
    send();
    expect(far.target.value).not.toBe(null);
  });

  test("is null, as a change, when its object is destroyed on the server", () => {
    const { server, near } = bothSides();
    near.target.value = server.add(7, new Target());
    memberValues(near).settle();
    expect([...server.references.referencesTo(7)].map(SyncRef.memberOf)).toEqual([
      { values: memberValues(near), bit: TARGET },
    ]);
    server.remove(7);
    expect(near.target.value).toBe(null);
    expect(memberValues(near).settle()).toBe(TARGET);
    expect([...server.references.referencesTo(7)]).toEqual([]);
  });

  test("may be set before its objects are in the world, and has their numbers when it is written", () => {
    const { add } = worldOf(true);
    const [ship, target] = [new Ship(), new Target()];
    ship.target.value = target;
    add(1, ship);
    add(7, target);
    expect(SyncRef.netIdOf(ship.target)).toBe(7);
  });

  test("takes behaviours of its class that are in the world, and null", () => {
    const { near, server } = bothSides();
    const set = (value: unknown) => () => Object.assign(near.target, { value });
    expect(set(new Ship())).toThrow("Ship.target must be a Target or null");
    expect(set(5)).toThrow("Ship.target must be a Target or null");
    expect(set(new Target())).toThrow(expect.objectContaining({ code: "ERR_STATE" }));
    expect(memberValues(near).settle()).toBe(0);
    set(server.add(7, new Target()))();
    set(null)();
    expect(memberValues(near).settle()).toBe(0);
    memberValues(near).locked = TARGET;
    expect(set(null)).toThrow(expect.objectContaining({ code: "ERR_WRONG_SIDE" }));
  });

  test("of an owner is refused where the server knows no such object, or validate refuses", () => {
    const { server, client, near, far } = bothSides();
    const owners = memberValues(far);
    far.target.value = client.add(7, new Target());
    const take = (accepts = true) => memberValues(near).take(new NetworkReader(bytesOf(owners)), TARGET, () => accepts);
    expect(take()).toBe(TARGET);
    const target = server.add(7, new Target());
    take(false);
    expect(near.target.value).toBe(null);
    take();
    expect(near.target.value).toBe(target);
    expect(memberValues(near).settle()).toBe(TARGET);
  });

  test("has the documented bytes", () => {
    const { server, near } = bothSides();
    near.target.value = server.add(0x11223344, new Target());
    const page = readFileSync(join(root, "docs/wire-format.md"), "utf8");
    const golden = page.match(/^\| a reference to behaviour 2 of the object 0x11223344 \| `(\w+)` \|$/m)?.[1];
    expect(Buffer.from(bytesOf(memberValues(near))).toString("hex")).toBe(golden);
    expect(Buffer.from(bytesOf(memberValues(near), TARGET)).toString("hex")).toBe("00");
  });

  test("needs a function that gives the class", () => {
    const define = () => networked(class Ship extends NetworkBehaviour {}, { a: syncRef(Target as never) } as object);
    expect(define).toThrow("syncRef(() => Ship)");
  });
});
