import { expect, test } from "vitest";
import { startProgram } from "../../support/program.js";

/** The folder of an addon with GNS as it was published: `npm run test:stress` builds it. */
const unmodified = process.env.VALVE_SOCKETS_UNMODIFIED;

async function bytesOnTheWire(addon?: string): Promise<unknown> {
  const env = addon === undefined ? {} : { VALVE_SOCKETS_PREBUILD: addon };
  const { code, lines, errors } = await startProgram("gns-wire", [], [], env).end();
  expect({ code, errors }).toEqual({ code: 0, errors: "" });
  return JSON.parse(lines[0] as string);
}

// As over GNS as it was published.
test("a message of 20 bytes takes no more bytes over our GNS than over the published one", async () => {
  const bytes = { unreliable: 55, reliable: 58 };
  expect(await bytesOnTheWire()).toEqual(bytes);
  if (unmodified !== undefined) expect(await bytesOnTheWire(unmodified)).toEqual(bytes);
});
