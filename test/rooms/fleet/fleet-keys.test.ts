import { expect, test } from "vitest";
import { FleetKeys } from "../../../lib/rooms/fleet/fleet-keys.js";
import { TICKET_MS, type Ticket, TicketBook } from "../../../lib/rooms/fleet/tickets.js";

const key = (fill: number) => new Uint8Array(32).fill(fill);
const refusal = (text: string) =>
  expect.objectContaining({ code: "ERR_AUTHENTICATION_FAILED", message: expect.stringContaining(text) });

test("every host knows the secret of every session, and no two sessions have the same", () => {
  const [one, other] = [new FleetKeys([key(1)]), new FleetKeys([key(1)])];
  const sessions = Array.from({ length: 100 }, () => one.createSession());
  for (const { id, secret } of sessions) {
    expect([id.length, secret.length]).toEqual([16, 32]);
    expect(other.secretOf(id)).toEqual(secret);
  }
  expect(new Set(sessions.map(({ id }) => id.join())).size).toBe(100);
  expect(new Set(sessions.map(({ secret }) => secret.join())).size).toBe(100);
  expect(one.secretOf(new Uint8Array(16))).toBeNull();
  expect(one.secretOf(new Uint8Array(0))).toBeNull();
  expect(new FleetKeys([key(2)]).secretOf((sessions[0] as { id: Uint8Array }).id)).toBeNull();
});

test("during a rotation both keys hold, and the first makes what is new", () => {
  const [before, between, after] = [[key(1)], [key(2), key(1)], [key(2)]].map((keys) => new FleetKeys(keys)) as [
    FleetKeys,
    FleetKeys,
    FleetKeys,
  ];
  const old = before.createSession();
  expect(between.secretOf(old.id)).toEqual(old.secret);
  expect(between.open(before.seal(key(7)))).toEqual(key(7));
  const fresh = between.createSession();
  expect([before.secretOf(fresh.id), after.secretOf(fresh.id)]).toEqual([null, fresh.secret]);
  expect([before.open(between.seal(key(7))), after.open(between.seal(key(7)))]).toEqual([null, key(7)]);
  expect(after.secretOf(old.id)).toBeNull();
});

test("what is sealed opens whole and unaltered, or not at all", () => {
  const keys = new FleetKeys([key(1)]);
  const sealed = keys.seal(new Uint8Array([1, 2, 3]));
  expect(keys.open(sealed)).toEqual(new Uint8Array([1, 2, 3]));
  expect(keys.open(keys.seal(new Uint8Array(0)))).toEqual(new Uint8Array(0));
  expect(keys.seal(new Uint8Array([1, 2, 3]))).not.toEqual(sealed);
  for (let at = 0; at < sealed.length; at++) {
    const altered = sealed.slice();
    altered[at] = (altered[at] ?? 0) ^ 1;
    expect(keys.open(altered)).toBeNull();
    expect(keys.open(sealed.slice(0, at))).toBeNull();
  }
});

test.each([
  ["ERR_INVALID_ARG_TYPE", key(1)],
  ["ERR_OUT_OF_RANGE", []],
  ["ERR_OUT_OF_RANGE", [key(1), key(2), key(3)]],
  ["ERR_OUT_OF_RANGE", [key(1), key(1)]],
  ["ERR_OUT_OF_RANGE", [new Uint8Array(31)]],
  ["ERR_INVALID_ARG_TYPE", ["secret"]],
])("wrong keys are told: %s", (code, keys) => {
  expect(() => new FleetKeys(keys as Uint8Array[])).toThrow(expect.objectContaining({ code }));
});

const ticket: Ticket = { session: key(9).slice(0, 16), moves: 3, room: "arena", host: "b", identity: "" };

/** The tickets of host `a` and of host `b`, by calendars that a test moves. */
function books() {
  const now = { a: 1_000_000_000_000, b: 1_000_000_000_000 };
  const keys = new FleetKeys([key(1)]);
  const a = new TicketBook(keys, "a", () => now.a);
  const b = new TicketBook(keys, "b", () => now.b);
  return { now, keys, a, b };
}

test("a ticket is taken once, by its host, for half a minute", () => {
  const { now, a, b } = books();
  const sealed = a.issue(ticket);
  expect(() => a.redeem(sealed)).toThrow(refusal("for the host b"));
  expect(b.redeem(sealed)).toEqual(ticket);
  expect(() => b.redeem(sealed)).toThrow(refusal("used before"));
  const late = a.issue(ticket);
  now.b += TICKET_MS + 5000;
  expect(() => b.redeem(late)).toThrow(refusal("too old"));
  expect(() => b.redeem(sealed)).toThrow(refusal("too old"));
  now.a = now.b + 5001;
  expect(() => b.redeem(a.issue(ticket))).toThrow(refusal("future"));
  now.a = now.b + 4999;
  expect(b.redeem(a.issue(ticket))).toEqual(ticket);
});

test("a ticket that no host of the fleet has made is refused", () => {
  const { keys, a, b } = books();
  const foreign = new TicketBook(new FleetKeys([key(2)]), "a", () => 1_000_000_000_000);
  expect(() => b.redeem(foreign.issue(ticket))).toThrow(refusal("not from this fleet"));
  expect(() => b.redeem(a.issue(ticket).slice(1))).toThrow(refusal("not from this fleet"));
  expect(() => b.redeem(new Uint8Array(0))).toThrow(refusal("not from this fleet"));
  // Of the fleet, and no ticket: another version has made it.
  expect(() => b.redeem(keys.seal(new Uint8Array(5)))).toThrow(expect.objectContaining({ code: "ERR_END_OF_MESSAGE" }));
});

test("the longest ticket has at most 500 bytes, and used ones are forgotten when they are too old anyway", () => {
  const { now, a, b } = books();
  const longest = {
    session: key(1).slice(0, 16),
    moves: 2 ** 32 - 1,
    room: "r".repeat(64),
    host: "b",
    identity: "i".repeat(255),
  };
  const sealed = a.issue(longest);
  expect(sealed.length).toBeLessThanOrEqual(500);
  expect(b.redeem(sealed)).toEqual(longest);
  const first = Array.from({ length: 20_000 - 1 }, () => a.issue(ticket));
  for (const one of first) b.redeem(one);
  expect(() => b.redeem(a.issue(ticket))).toThrow(expect.objectContaining({ code: "ERR_SERVER_BUSY" }));
  now.a += TICKET_MS + 5000;
  now.b = now.a;
  expect(b.redeem(a.issue(ticket))).toEqual(ticket);
});
