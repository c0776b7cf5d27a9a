import { describe, expect, test } from "vitest";
import { Agreement } from "../../../lib/message/protocol/agreement.js";
import { Era, WireNumbers } from "../../../lib/message/protocol/wire-numbers.js";

describe("the numbers of messages", () => {
  test("are those of the protocol before the first move, and all others are of the future", () => {
    const numbers = new WireNumbers(10);
    expect([numbers.toWire(0), numbers.toWire(9)]).toEqual([0, 9]);
    expect([0, 9, 10, 639, 640, 2 ** 32].map((number) => numbers.eraOf(number))).toEqual([
      ...[Era.Present, Era.Present],
      ...[Era.Future, Era.Future, Era.Future, Era.Future],
    ]);
  });

  test("begin anew with each move; both sides agree on all of 1000 moves, and on what came before and after", () => {
    const [server, client] = [new WireNumbers(10), new WireNumbers(10)];
    for (let move = 1; move <= 1000; move++) {
      const before = server.toWire(7);
      server.move();
      const after = server.toWire(7);
      expect(after).toBe((move % 64) * 10 + 7);
      expect([client.eraOf(before), client.eraOf(after)]).toEqual([Era.Present, Era.Future]);
      client.follow(after);
      expect([client.eraOf(before), client.eraOf(after), client.base]).toEqual([Era.Past, Era.Present, server.base]);
      expect([client.fromWire(before), client.fromWire(after)]).toEqual([7, 7]);
    }
    expect(server.eraOf(640)).toBe(Era.Future);
    // Beyond the last era is no message.
    expect([639, 640, 647, 2 ** 32].map((number) => server.fromWire(number))).toEqual([9, -1, -1, -1]);
  });

  test("of two protocols are the server's, in every era", () => {
    // The client has 2 messages of the server's 3.
    const [server, client] = [new WireNumbers(3), new WireNumbers(2)];
    server.agree(new Agreement([0, -1, 2], 3));
    client.agree(new Agreement([0, 2], 3));
    for (let move = 0; move < 5; move++) {
      expect(server.toWire(1)).toBe(-1);
      expect(client.toWire(1)).toBe(server.toWire(2));
      expect(client.fromWire(server.toWire(2))).toBe(1);
      server.move();
      client.follow(server.toWire(0));
    }
  });
});
