import { expect, test, vi } from "vitest";

const modules = {
  UdpSocketFactory: () => import("../../lib/socket/udp.js"),
  GnsSocketFactory: () => import("../../lib/socket/gns.js"),
  WebSocketFactory: () => import("../../lib/socket/websocket-server.js"),
};

interface Options {
  port: number;
  host?: string;
  bindHost?: string;
}

test.each(Object.entries(modules))(
  "a server of %s that is given a host, and no bindHost, is told once where it listens",
  async (name, load) => {
    vi.resetModules();
    const module = (await load()) as object as Record<string, new (options: Options) => { getBindEndPoint(): unknown }>;
    const Factory = module[name] as (typeof module)[string];
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    try {
      for (const quiet of [{}, { host: "::" }, { host: "localhost" }, { host: "127.0.0.1", bindHost: "127.0.0.1" }]) {
        new Factory({ port: 0, ...quiet }).getBindEndPoint();
      }
      expect(warn).not.toHaveBeenCalled();
      for (let count = 0; count < 2; count++) new Factory({ port: 0, host: "127.0.0.1" }).getBindEndPoint();
      expect(warn.mock.calls).toEqual([[expect.stringMatching(/every address: `host` \(127\.0\.0\.1\).*`bindHost`/)]]);
    } finally {
      warn.mockRestore();
    }
  },
);
