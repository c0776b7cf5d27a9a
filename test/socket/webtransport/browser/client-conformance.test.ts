import { afterAll, beforeAll, describe, test, vi } from "vitest";
import { socketConformance } from "../../../../lib/testing/index.js";
import { FakeWebTransport, FakeWebTransportFactory, fakeServers } from "../../../support/fake-web-transport.js";

/** A page does not see why a server refused it. */
const UNSEEN = ["onIncoming refuses connections", "onIncoming may answer later"];

describe("WebTransport of a page, over streams of Node", () => {
  beforeAll(() => void vi.stubGlobal("WebTransport", FakeWebTransport));
  afterAll(() => void vi.unstubAllGlobals());
  const createFactory = () => new FakeWebTransportFactory();
  const createSilentEndPoint = async () => {
    fakeServers.set(1, () => new Promise(() => {}));
    return createFactory().getConnectEndPoint("127.0.0.1", 1);
  };
  const cases = socketConformance({ createFactory, createSilentEndPoint });
  for (const { name, run } of cases.filter(({ name }) => !UNSEEN.includes(name))) test(name, run);
});
