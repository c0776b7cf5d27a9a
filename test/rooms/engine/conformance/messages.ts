import { expect, test } from "vitest";
import { MAX_ENGINE_BYTES, MAX_IN_FLIGHT } from "../../../../lib/rooms/engine/index.js";
import { bytes, code, readAll, settle, text, unused, type World, waiter } from "./world.js";

/** What messages and the link promise. */
export function testMessages(world: World): void {
  test("a message reaches all who have subscribed, and one of each queue", async () => {
    const [one, other] = [await world.open(), await world.open()];
    const subject = unused("subject");
    const { look, until } = waiter();
    const heard: string[] = [];
    const hear = (who: string) => (data: Uint8Array, to: string) => {
      heard.push(`${who} ${to.slice(subject.length)} ${text(data)}`);
      look();
    };
    one.subscribe(`${subject}.a`, hear("one"));
    other.subscribe(`${subject}.*`, hear("star"));
    const end = other.subscribe(`${subject}.>`, hear("all"));
    for (const engine of [one, other]) engine.subscribe(`${subject}.a`, hear("queue"), { queue: "workers" });
    await settle(one, other);
    expect(one.publish(`${subject}.a`, bytes("1"))).toBe(true);
    await until(() => heard.length === 4);
    expect(heard.sort()).toEqual(["all .a 1", "one .a 1", "queue .a 1", "star .a 1"]);
    heard.length = 0;
    end();
    await settle(other);
    one.publish(`${subject}.a.b`, bytes("2"));
    one.publish(`${subject}.b`, bytes("3"));
    await until(() => heard.length > 0);
    expect(heard).toEqual(["star .b 3"]);
  });

  test("requests are answered by one of those who answer; a refusal, silence and nobody are told apart", async () => {
    const [asker, one, other] = [await world.open(), await world.open(), await world.open()];
    const subject = unused("ask");
    const asked = [0, 0];
    const ask = (question: string, timeoutMs = 600_000) => asker.request(subject, bytes(question), { timeoutMs });
    await expect(ask("nobody")).rejects.toEqual(code("ERR_NO_RESPONDERS"));
    const ends = [one, other].map((engine, at) =>
      engine.answer(subject, async (data) => {
        asked[at] = (asked[at] ?? 0) + 1;
        if (text(data) === "throw") throw new Error("no\u0007");
        if (text(data) === "silence") await new Promise(() => {});
        if (text(data) === "too much") return new Uint8Array(MAX_ENGINE_BYTES + 1);
        if (text(data) === "long") throw new Error("e".repeat(2_000_000));
        if (text(data) === "nothing") return undefined as unknown as Uint8Array;
        return bytes(`${text(data)}!`);
      }),
    );
    await settle(one, other);
    const answers = await Promise.all(Array.from({ length: 100 }, (_, at) => ask(`${at}`)));
    expect(answers.map(text)).toEqual(Array.from({ length: 100 }, (_, at) => `${at}!`));
    expect(asked[0]).toBeGreaterThan(0);
    expect(asked[1]).toBe(100 - (asked[0] ?? 0));
    const refusal = { code: "ERR_REQUEST_FAILED", message: expect.stringContaining("no\\u{7}") };
    await expect(ask("throw")).rejects.toEqual(expect.objectContaining(refusal));
    await expect(ask("nothing")).rejects.toEqual(code("ERR_REQUEST_FAILED"));
    await expect(ask("too much")).rejects.toEqual(code("ERR_REQUEST_FAILED"));
    const long = await ask("long").catch((error: Error) => error);
    expect((long as Error).message).toBe("e".repeat(200));
    await expect(ask("silence", 50)).rejects.toEqual(code("ERR_TIMEOUT"));
    for (const end of ends) end();
    await settle(one, other);
    await expect(ask("nobody")).rejects.toEqual(code("ERR_NO_RESPONDERS"));
  });

  test("bytes are taken as they are at the call: who gave them may use the memory again", async () => {
    const [one, other] = [await world.open(), await world.open()];
    const [bucket, log] = [await one.bucket(unused("bucket")), await one.log(unused("log"))];
    const subject = unused("reuse");
    const { look, until } = waiter();
    const heard: string[] = [];
    const hear = (data: Uint8Array) => {
      heard.push(text(data) as string);
      look();
      return data;
    };
    other.subscribe(subject, hear);
    other.answer(`${subject}.ask`, hear);
    await settle(other);
    const memory = bytes("published");
    one.publish(subject, memory);
    memory.set(bytes("requested"));
    const asking = one.request(`${subject}.ask`, memory, { timeoutMs: 600_000 });
    memory.set(bytes("is stored"));
    const writing = [bucket.create("a", memory), log.append("a", memory, { expected: 0n, id: "1" })];
    memory.fill(0);
    await Promise.all(writing);
    expect(text(await asking)).toBe("requested");
    await until(() => heard.length === 2);
    expect(heard.sort()).toEqual(["published", "requested"]);
    const [entry] = [await bucket.get("a")];
    expect([text(entry?.value), await readAll(log, "a")]).toEqual(["is stored", ["is stored"]]);
    const updating = bucket.update("a", memory, entry?.revision ?? 0n);
    memory.set(bytes("not this!"));
    await updating;
    expect((await bucket.get("a"))?.value).toEqual(new Uint8Array(9));
  });

  test("so many requests wait, and so many are answered at a time; then they fail at once", async () => {
    const [asker, answerer] = [await world.open(), await world.open()];
    const subject = unused("many");
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    answerer.answer(subject, async (data) => {
      await released;
      return data;
    });
    await settle(answerer);
    const data = bytes("1");
    const outcomes = Array.from({ length: MAX_IN_FLIGHT + 1 }, () =>
      asker.request(subject, data, { timeoutMs: 600_000 }).then(
        () => "answered",
        ({ code }) => code,
      ),
    );
    expect(await outcomes[MAX_IN_FLIGHT]).toBe("ERR_TOO_MANY_REQUESTS");
    const refused = await Promise.all(outcomes.slice(1024, MAX_IN_FLIGHT));
    expect(new Set(refused)).toEqual(new Set(["ERR_REQUEST_FAILED"]));
    release();
    expect(new Set(await Promise.all(outcomes.slice(0, 1024)))).toEqual(new Set(["answered"]));
  });

  test("messages above what may be on its way are not taken, and the number says how many came", async () => {
    const [one, other] = [await world.open(), await world.open()];
    const subject = unused("flood");
    const { look, until } = waiter();
    let received = 0;
    other.subscribe(subject, () => {
      received++;
      look();
    });
    await settle(other);
    const data = new Uint8Array(MAX_ENGINE_BYTES);
    const taken = Array.from({ length: 20 }, () => one.publish(subject, data)).filter(Boolean).length;
    expect(taken).toBe(8);
    await until(() => received === taken);
    await settle(one);
    expect(one.publish(subject, data)).toBe(true);
    await until(() => received === taken + 1);
  });

  test("in an outage calls fail at once, and afterwards all goes on", async () => {
    const [one, other] = [await world.open(), await world.open()];
    const [bucket, log] = [await one.bucket(unused("bucket")), await one.log(unused("log"))];
    const subject = unused("outage");
    const { look, until } = waiter();
    const heard: (string | undefined)[] = [];
    one.subscribe(subject, (data) => {
      heard.push(text(data));
      look();
    });
    one.answer(`${subject}.ask`, (data) => data);
    const revision = await bucket.create("a", bytes("1"));
    // Whoever waits for an answer when the link is lost is told so.
    let asked = () => {};
    const arrived = new Promise<void>((resolve) => {
      asked = resolve;
    });
    one.answer(`${subject}.slow`, () => {
      asked();
      return new Promise(() => {});
    });
    await settle(one);
    const waiting = expect(other.request(`${subject}.slow`, bytes(""), { timeoutMs: 600_000 })).rejects.toEqual(
      code("ERR_NOT_CONNECTED"),
    );
    await arrived;
    await world.without([one, other], async () => {
      await waiting;
      expect(one.connected).toBe(false);
      expect(one.publish(subject, bytes("lost"))).toBe(false);
      const calls = [
        () => one.request(`${subject}.ask`, bytes("1"), { timeoutMs: 600_000 }),
        () => bucket.get("a"),
        () => bucket.create("b", bytes("1")),
        () => bucket.update("a", bytes("2"), revision),
        () => bucket.delete("a", revision),
        () => bucket.watch(),
        () => log.append("a", bytes("1"), { expected: 0n, id: "1" }),
        () => log.read("a", 0n)[Symbol.asyncIterator]().next(),
        () => log.trim("a", 1n),
        () => one.log("other"),
      ];
      for (const call of calls) await expect(call()).rejects.toEqual(code("ERR_NOT_CONNECTED"));
    });
    expect([one.connected, other.connected]).toEqual([true, true]);
    expect((await bucket.get("a"))?.revision).toBe(revision);
    await settle(one, other);
    expect(text(await other.request(`${subject}.ask`, bytes("2"), { timeoutMs: 600_000 }))).toBe("2");
    other.publish(subject, bytes("3"));
    await until(() => heard.length > 0);
    expect(heard).toEqual(["3"]);
  }, 120_000);

  test("an engine that is closed ends what waits, and does nothing more", async () => {
    const [one, other] = [await world.open(), await world.open()];
    const subject = unused("closed");
    const bucket = await one.bucket(unused("bucket"));
    const watch = await bucket.watch();
    let asked = () => {};
    const arrived = new Promise<void>((resolve) => {
      asked = resolve;
    });
    other.answer(subject, () => {
      asked();
      return new Promise(() => {});
    });
    await settle(other);
    const waiting = one.request(subject, bytes(""), { timeoutMs: 600_000 });
    const ended = expect(waiting).rejects.toEqual(code("ERR_CLOSED"));
    await arrived;
    await one.close();
    await ended;
    await one.close();
    expect([one.connected, watch.isCurrent]).toEqual([false, false]);
    expect(one.publish(subject, bytes(""))).toBe(false);
    await expect(bucket.get("a")).rejects.toEqual(code("ERR_CLOSED"));
    await expect(one.bucket("other")).rejects.toEqual(code("ERR_CLOSED"));
    expect(() => one.subscribe(subject, () => {})).toThrow(code("ERR_CLOSED"));
    expect(() => one.answer(subject, (data) => data)).toThrow(code("ERR_CLOSED"));
  });

  test("wrong arguments are told at once", async () => {
    const engine = await world.open();
    const bucket = await engine.bucket(unused("bucket"));
    const log = await engine.log(unused("log"));
    const data = bytes("1");
    const large = new Uint8Array(MAX_ENGINE_BYTES + 1);
    const wrong: [string, () => unknown][] = [
      ["ERR_OUT_OF_RANGE", () => engine.bucket("a b")],
      ["ERR_INVALID_ARG_TYPE", () => engine.bucket(5 as unknown as string)],
      ["ERR_UNKNOWN_OPTION", () => engine.bucket("a", { stoarge: "file" } as object)],
      ["ERR_OUT_OF_RANGE", () => engine.log("")],
      ...[".a", "a.", "a..b", "", "a b", "*", "ä", "a".repeat(257)].map((key): [string, () => unknown] => [
        "ERR_OUT_OF_RANGE",
        () => bucket.get(key),
      ]),
      ["ERR_INVALID_ARG_TYPE", () => bucket.create("a", "text" as unknown as Uint8Array)],
      ["ERR_OUT_OF_RANGE", () => bucket.create("a", large)],
      ["ERR_OUT_OF_RANGE", () => bucket.create("a", data, 999)],
      ["ERR_INVALID_ARG_TYPE", () => bucket.create("a", data, "1" as unknown as number)],
      ["ERR_INVALID_ARG_TYPE", () => bucket.update("a", data, 1 as unknown as bigint)],
      ["ERR_OUT_OF_RANGE", () => bucket.delete("a", -1n)],
      ["ERR_OUT_OF_RANGE", () => log.append("a", large, { expected: 0n, id: "1" })],
      ["ERR_OUT_OF_RANGE", () => log.append("a/b", data, { expected: 0n, id: "1" })],
      ["ERR_OUT_OF_RANGE", () => log.append("a", data, { expected: 0n, id: "" })],
      ["ERR_OUT_OF_RANGE", () => log.append("a", data, { expected: 2n ** 60n, id: "1" })],
      ["ERR_OUT_OF_RANGE", () => log.read("*", 0n)],
      ["ERR_INVALID_ARG_TYPE", () => log.trim("a", 1 as unknown as bigint)],
      ["ERR_OUT_OF_RANGE", () => engine.publish("a.*", data)],
      ["ERR_OUT_OF_RANGE", () => engine.publish("a", large)],
      ["ERR_OUT_OF_RANGE", () => engine.subscribe("a.>.b", () => {})],
      ["ERR_OUT_OF_RANGE", () => engine.subscribe("a", () => {}, { queue: "a b" })],
      ["ERR_OUT_OF_RANGE", () => engine.request("a", data, { timeoutMs: 0 })],
      ["ERR_INVALID_ARG_TYPE", () => engine.answer("a", "text" as unknown as (data: Uint8Array) => Uint8Array)],
      ["ERR_INVALID_ARG_TYPE", () => engine.subscribe("a", "text" as unknown as () => void)],
      ["ERR_INVALID_ARG_TYPE", () => bucket.watch("text" as unknown as () => void)],
    ];
    for (const [wanted, call] of wrong) {
      await expect((async () => call())(), String(call)).rejects.toEqual(code(wanted));
    }
  });
}
