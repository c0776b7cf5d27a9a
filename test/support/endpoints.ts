import { afterEach, expect } from "vitest";
import { Endpoint, type EndpointOptions, Library } from "../../lib/index.js";

const open: Endpoint[] = [];

/** An endpoint that is destroyed after the test. */
export function newEndpoint(options?: EndpointOptions): Endpoint {
  const endpoint = new Endpoint(options);
  open.push(endpoint);
  return endpoint;
}

afterEach(() => {
  for (const endpoint of open.splice(0)) endpoint.destroy();
  expect(Library.statistics.driver).toBe("none");
});
