import { expect, test } from "vitest";
import type { Bucket, Change, Log } from "../../../../lib/rooms/engine/index.js";
import { bytes, code, readAll, text, unused, type World, waiter } from "./world.js";

/** What buckets and logs promise. */
export function testStorage(world: World): void {
  test("a bucket that must exist is opened, and never made", async () => {
    const engine = await world.open();
    const name = unused("bucket");
    for (let time = 0; time < 2; time++)
      await expect(engine.bucket(name, { mustExist: true })).rejects.toEqual(code("ERR_NO_BUCKET"));
    await (await engine.bucket(name)).create("a", bytes("1"));
    const opened = await (await world.open()).bucket(name, { mustExist: true });
    expect(text((await opened.get("a"))?.value)).toBe("1");
    expect((await opened.watch()).size).toBe(1);
  });

  test("a bucket takes only writes that name what they replace", async () => {
    const engine = await world.open();
    const bucket = await engine.bucket(unused("bucket"));
    expect(await bucket.get("rooms/a")).toBeNull();
    const first = await bucket.create("rooms/a", bytes("1"));
    expect(await bucket.get("rooms/a")).toEqual({ key: "rooms/a", value: bytes("1"), revision: first });
    await expect(bucket.create("rooms/a", bytes("2"))).rejects.toEqual(code("ERR_CONFLICT"));
    const second = await bucket.update("rooms/a", bytes("2"), first);
    expect(second).toBeGreaterThan(first);
    await expect(bucket.update("rooms/a", bytes("3"), first)).rejects.toEqual(code("ERR_CONFLICT"));
    await expect(bucket.update("rooms/a", bytes("3"), 0n)).rejects.toEqual(code("ERR_CONFLICT"));
    await expect(bucket.update("rooms/b", bytes("3"), second)).rejects.toEqual(code("ERR_CONFLICT"));
    await expect(bucket.delete("rooms/a", first)).rejects.toEqual(code("ERR_CONFLICT"));
    expect(text((await bucket.get("rooms/a"))?.value)).toBe("2");
    await bucket.delete("rooms/a", second);
    expect(await bucket.get("rooms/a")).toBeNull();
    await expect(bucket.delete("rooms/a", second)).rejects.toEqual(code("ERR_CONFLICT"));
    await expect(bucket.delete("rooms/a", 0n)).rejects.toEqual(code("ERR_CONFLICT"));
    await expect(bucket.update("rooms/a", bytes("3"), second)).rejects.toEqual(code("ERR_CONFLICT"));
    expect(await bucket.create("rooms/a", bytes("4"))).toBeGreaterThan(second);
    await bucket.create("empty", new Uint8Array(0));
    expect((await bucket.get("empty"))?.value).toEqual(new Uint8Array(0));
  });

  test("of 8 who claim a key exactly one wins, 1000 times, and all read the winner", async () => {
    const bucketName = unused("claims");
    const ends = await Promise.all(Array.from({ length: 8 }, world.open));
    const buckets: Bucket[] = [];
    for (const end of ends) buckets.push(await end.bucket(bucketName));
    /** Who has won, and the revision of that. */
    const race = async (key: string, claim: (bucket: (typeof buckets)[0], value: Uint8Array) => Promise<bigint>) => {
      const values = buckets.map((_, at) => `${key} ${at}`);
      const claims = await Promise.allSettled(buckets.map((bucket, at) => claim(bucket, bytes(values[at] as string))));
      const wins = claims.flatMap((result, at) => (result.status === "fulfilled" ? [{ at, ...result }] : []));
      const losses = claims.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
      expect(wins.length).toBe(1);
      expect(losses).toEqual(losses.map(() => code("ERR_CONFLICT")));
      const [winner] = wins as [(typeof wins)[0]];
      const reader = buckets[(winner.at + 1) % buckets.length];
      const entry = await reader?.get(key);
      expect([text(entry?.value), entry?.revision]).toEqual([values[winner.at], winner.value]);
      return winner.value;
    };
    for (let round = 0; round < 1000; round++) {
      // Half of the races are for a new key, half for one that has an owner.
      const key = `room${round >> 1}`;
      const before = round % 2 === 0 ? 0n : ((await buckets[0]?.get(key))?.revision ?? 0n);
      await race(key, (bucket, value) =>
        before === 0n ? bucket.create(key, value) : bucket.update(key, value, before),
      );
    }
  }, 300_000);

  test("a key whose time is up is gone, for those who watch too, and an updated one stays", async () => {
    const engine = await world.open();
    const bucket = await engine.bucket(unused("ttl"));
    const { look, until } = waiter();
    const gone: string[] = [];
    const watch = await bucket.watch(({ key, entry }) => {
      if (entry === null) gone.push(key);
      look();
    });
    const kept = await bucket.create("kept", bytes("1"), 1000);
    await bucket.update("kept", bytes("2"), kept);
    await bucket.create("short", bytes("1"), 1000);
    await bucket.create("long", bytes("1"), 3_600_000);
    await until(() => gone.length > 0);
    expect(gone).toEqual(["short"]);
    expect(await bucket.get("short")).toBeNull();
    expect([...watch.entries()].map(({ key }) => key).sort()).toEqual(["kept", "long"]);
    await bucket.create("short", bytes("again"));
  });

  test("a watched copy has all that is there, follows every change, and ends when it is closed", async () => {
    const [reader, writer] = [await world.open(), await world.open()];
    const bucketName = unused("watched");
    const bucket = await writer.bucket(bucketName);
    const old = await bucket.create("old", bytes("0"));
    await bucket.delete("deleted", await bucket.create("deleted", bytes("0")));
    const { look, until } = waiter();
    const changes: Change[] = [];
    const watch = await (await reader.bucket(bucketName)).watch((change) => {
      changes.push(change);
      look();
    });
    expect([watch.isCurrent, watch.size]).toEqual([true, 1]);
    expect(changes).toEqual([{ key: "old", entry: watch.get("old") }]);
    let revision = await bucket.create("new", bytes("0"));
    for (let round = 1; round < 50; round++) revision = await bucket.update("new", bytes(`${round}`), revision);
    await bucket.delete("old", old);
    await until(() => watch.get("old") === undefined && watch.get("new")?.revision === revision);
    expect(watch.get("new")).toEqual({ key: "new", value: bytes("49"), revision });
    expect(changes.filter(({ key }) => key === "old").at(-1)).toEqual({ key: "old", entry: null });
    // A change that another one follows at once may be left out; none comes late, or twice.
    const values = changes.filter(({ key }) => key === "new").map(({ entry }) => Number(text(entry?.value)));
    expect(values).toEqual([...new Set(values)].sort((a, b) => a - b));
    expect(values.at(-1)).toBe(49);
    const heard = changes.length;
    watch.close();
    expect(watch.isCurrent).toBe(false);
    await bucket.create("late", bytes("0"));
    await (await reader.bucket(bucketName)).get("late");
    expect(changes.length).toBe(heard);
  });

  test("a watched copy misses nothing over outages, in the midst of which others write", async () => {
    const [reader, writer] = [await world.open(), await world.open()];
    const bucketName = unused("outages");
    const bucket = await writer.bucket(bucketName);
    const { look, until } = waiter();
    const heard = new Map<string, string | undefined>();
    const watch = await (await reader.bucket(bucketName)).watch(({ key, entry }) => {
      heard.set(key, text(entry?.value));
      look();
    });
    let stop = false;
    const keys = Array.from({ length: 20 }, (_, at) => `key${at}`);
    /** Writes and deletes without an end, whatever becomes of it. */
    const write = async (key: string) => {
      for (let round = 0; !stop; round++) {
        try {
          const entry = await bucket.get(key);
          if (!entry) await bucket.create(key, bytes(`${round}`));
          else if (round % 5 === 4) await bucket.delete(key, entry.revision);
          else await bucket.update(key, bytes(`${round}`), entry.revision);
        } catch (error) {
          expect(["ERR_NOT_CONNECTED", "ERR_TIMEOUT", "ERR_CONFLICT"]).toContain((error as { code: string }).code);
          if (!writer.connected) await new Promise<void>((resolve) => void writer.on("back", resolve));
        }
      }
    };
    const writing = keys.map(write);
    for (let round = 0; round < 3; round++) {
      await world.without([reader, writer], async () => expect(watch.isCurrent).toBe(false));
      await until(() => watch.isCurrent);
    }
    stop = true;
    await Promise.all(writing);
    const last = await bucket.create("last", bytes("1"));
    await until(() => watch.get("last")?.revision === last);
    for (const key of keys) {
      const entry = await bucket.get(key);
      expect([key, watch.get(key)]).toEqual([key, entry ?? undefined]);
      expect([key, heard.get(key)]).toEqual([key, text(entry?.value)]);
    }
  }, 120_000);

  test("a log takes a record behind the last one only, and the same record once", async () => {
    const [one, other] = [await world.open(), await world.open()];
    const logName = unused("log");
    const log = await one.log(logName);
    const otherLog = await other.log(logName);
    expect(await readAll(log, "room.1")).toEqual([]);
    const first = await log.append("room.1", bytes("a"), { expected: 0n, id: "a" });
    const elsewhere = await log.append("room.2", bytes("x"), { expected: 0n, id: "x" });
    const fence = await otherLog.append("room.1", bytes("fence"), { expected: first, id: "fence" });
    await expect(log.append("room.1", bytes("b"), { expected: first, id: "b" })).rejects.toEqual(code("ERR_FENCED"));
    await expect(log.append("room.1", bytes("b"), { expected: 0n, id: "b0" })).rejects.toEqual(code("ERR_FENCED"));
    // The answer to these was lost: whoever repeats them hears the same, and nothing is stored twice.
    expect(await log.append("room.1", bytes("a"), { expected: 0n, id: "a" })).toBe(first);
    expect(await otherLog.append("room.1", bytes("fence"), { expected: first, id: "fence" })).toBe(fence);
    expect(await readAll(otherLog, "room.1")).toEqual(["a", "fence"]);
    expect(await readAll(otherLog, "room.1", first)).toEqual(["fence"]);
    expect(await readAll(otherLog, "room.1", fence)).toEqual([]);
    expect(await readAll(log, "room.2")).toEqual(["x"]);
    expect(await log.append("room.2", bytes("y"), { expected: elsewhere, id: "y" })).toBeGreaterThan(fence);
    await log.trim("room.1", first);
    expect(await readAll(log, "room.1")).toEqual(["fence"]);
    await log.trim("room.1", fence);
    expect(await readAll(log, "room.1")).toEqual([]);
    // No other owner has appended, so that this is no fence.
    await expect(log.append("room.1", bytes("c"), { expected: fence, id: "c" })).rejects.toEqual(code("ERR_TIMEOUT"));
    await log.append("room.1", bytes("c"), { expected: 0n, id: "c0" });
  });

  test("of 8 owners who append at once one gets in, every time, and nothing is lost or stored twice", async () => {
    const ends = await Promise.all(Array.from({ length: 8 }, world.open));
    const logName = unused("owners");
    const logs: Log[] = [];
    for (const end of ends) logs.push(await end.log(logName));
    let expected = 0n;
    const stored: string[] = [];
    for (let round = 0; round < 100; round++) {
      const appends = logs.map((log, at) => {
        const id = `${round}-${at}`;
        return log.append("room", bytes(id), { expected, id }).then((sequence) => ({ id, sequence }));
      });
      const results = await Promise.allSettled(appends);
      const wins = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
      expect(wins.length).toBe(1);
      expected = wins[0]?.sequence ?? 0n;
      stored.push(wins[0]?.id ?? "");
    }
    expect(await readAll(logs[3] as Log, "room")).toEqual(stored);
  }, 120_000);

  test("a long log is read whole, and between others; in an outage reading throws, and never ends", async () => {
    const engine = await world.open();
    const log = await engine.log(unused("long"));
    const wanted: string[] = [];
    const large = "x".repeat(20_000);
    let last = 0n;
    let lastOther = 0n;
    for (let at = 0; at < 700; at++) {
      const value = at % 3 === 0 ? `${at}${large}` : `${at}`;
      wanted.push(value);
      last = await log.append("room", bytes(value), { expected: last, id: `r${at}` });
      lastOther = await log.append("other", bytes("other"), { expected: lastOther, id: `o${at}` });
    }
    expect(await readAll(log, "room")).toEqual(wanted);
    let count = 0;
    const reading = (async () => {
      for await (const _ of log.read("room", 0n)) if (++count === 1) await world.outage();
    })();
    await expect(reading).rejects.toEqual(expect.objectContaining({ code: expect.stringMatching(/^ERR_(NOT_C|TIM)/) }));
    expect(count).toBeLessThan(wanted.length);
    const back = new Promise<void>((resolve) => engine.on("back", resolve));
    await world.back();
    if (!engine.connected) await back;
    expect(await readAll(log, "room")).toEqual(wanted);
  }, 120_000);
}
