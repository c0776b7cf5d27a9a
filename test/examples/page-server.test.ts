import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { servePage } from "../../examples/page-server.mjs";

test("whatever path a stranger asks for is answered", async () => {
  const http = await servePage(new URL("../../examples/voice/", import.meta.url).href, 0);
  onTestFinished(() => void http.close());
  const { port } = http.address() as AddressInfo;
  const statuses: (number | undefined)[] = [];
  for (const path of ["/", "//", "//[", "/%", "/nothing.mjs", "/../package.mjs"]) {
    const asked = request({ host: "127.0.0.1", port, path, agent: false });
    asked.end();
    const [answer] = (await once(asked, "response")) as [IncomingMessage];
    answer.resume();
    statuses.push(answer.statusCode);
  }
  expect(statuses).toEqual([200, 200, 200, 200, 404, 200]);
});
