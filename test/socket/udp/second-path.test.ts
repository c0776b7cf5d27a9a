import { describe, expect, test } from "vitest";
import { whyNoNamespaces } from "../../support/network-world.js";
import { startProgram } from "../../support/program.js";

describe.skipIf(whyNoNamespaces !== null)(`a client changes from Wi-Fi to mobile ${whyNoNamespaces ?? ""}`, () => {
  test.concurrent.each(
    (["batched", "dgram"] as const).flatMap((implementation) => [
      ["IPv4", implementation, "address removed"],
      ["IPv4", implementation, "link removed"],
      ["IPv4", implementation, "link down"],
      ["IPv4", implementation, "other route"],
      ["IPv4", implementation, "nothing for a while"],
      ["IPv6", implementation, "address removed"],
      ["IPv6", implementation, "link down"],
    ]),
  )("%s, %s, %s: one new socket reaches the server from the new address", async (...parameters) => {
    const { code, lines, errors } = await startProgram("second-path", parameters).end();
    expect({ code, errors }).toEqual({ code: 0, errors: "" });
    const addresses = parameters[0] === "IPv6" ? ["fd01::2", "fd02::2"] : ["10.1.0.2", "10.2.0.2"];
    expect(JSON.parse(lines[0] as string)).toEqual({ addresses, sockets: 1 });
  });
});
