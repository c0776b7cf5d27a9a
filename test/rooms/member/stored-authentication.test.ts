import { expect, test } from "vitest";
import { readAuthentication, writeAuthentication } from "../../../lib/rooms/member/stored-authentication.js";

const stored = (data: unknown) => readAuthentication(writeAuthentication({ method: "test", data })).data;

test("what an authenticator has found out is the same on the next host, bytes too", () => {
  const data = { subject: "ann", roles: ["a", 1, true, null], key: new Uint8Array([1, 2, 255]) };
  expect(stored(data)).toEqual(data);
  expect(stored(Buffer.from([1, 2, 255]))).toEqual(new Uint8Array([1, 2, 255]));
  expect(stored({ inner: { ticket: Buffer.from("abc") } })).toEqual({
    inner: { ticket: new Uint8Array([97, 98, 99]) },
  });
  expect(stored(undefined)).toBe(undefined);
});

test("what a player has put into its token is no bytes, whatever it looks like", () => {
  for (const data of [
    { $bytes: "AAAA" },
    { subject: "ann", $bytes: "AAAA" },
    { claims: { $$bytes: "AAAA", $: 1 } },
    [{ $bytes: "" }],
    { $bytes: new Uint8Array([7]) },
    { $data: { $bytes: "x" } },
  ])
    expect(stored(data)).toEqual(data);
});
