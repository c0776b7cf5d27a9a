import { describe, expect, test } from "vitest";
import { Endpoint, Library } from "../../../lib/index.js";
import { newEndpoint } from "../../support/endpoints.js";

test("an unknown option, and one of the wrong type, throw at once", () => {
  const unknown = expect.objectContaining({ code: "ERR_UNKNOWN_OPTION", message: expect.stringContaining("driver") });
  expect(() => new Endpoint({ drivr: "auto" } as never)).toThrow(unknown);
  expect(() => Library.initialize({ drivr: "auto" } as never)).toThrow(unknown);
  const endpoint = newEndpoint();
  expect(() => endpoint.listen({ maxConnection: 1 } as never)).toThrow("did you mean maxConnections");
  for (const port of [-1, 65_536, 1.5, 112_647]) {
    expect(() => endpoint.listen({ port })).toThrow(expect.objectContaining({ code: "ERR_OUT_OF_RANGE" }));
  }
});

describe("wrong arguments", () => {
  test.each([
    ["options", () => new Endpoint(5 as never)],
    ["clock", () => new Endpoint({ clock: {} as never })],
    ["driver", () => new Endpoint({ driver: "none" as never })],
  ])("of an endpoint: %s, and the library does not start", (_name, make) => {
    expect(make).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^ERR_(INVALID_ARG_TYPE|OUT_OF_RANGE)$/) }),
    );
    expect(Library.statistics.driver).toBe("none");
  });

  test("of listen and connect", async () => {
    const endpoint = newEndpoint();
    const invalid = { code: expect.stringMatching(/^ERR_(INVALID_ARG_TYPE|OUT_OF_RANGE|INVALID_IP_ADDRESS)$/) };
    for (const options of [5, { port: -1 }, { host: "nowhere" }, { maxConnections: -1 }, { beforeAccept: 1 }]) {
      expect(() => endpoint.listen(options as never)).toThrow(expect.objectContaining(invalid));
    }
    expect(() => endpoint.listen({ host: "localhost" })).toThrow(/"localhost" is not .* names are not looked up here/);
    for (const options of [5, {}, { host: "::1" }, { host: "::1", port: 0 }, { host: 5, port: 1 }]) {
      await expect(endpoint.connect(options as never)).rejects.toMatchObject(invalid);
    }
  });
});
