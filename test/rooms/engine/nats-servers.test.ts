import { expect, test } from "vitest";
import { NatsEngine } from "../../../lib/rooms/engine/index.js";
import { readServers } from "../../../lib/rooms/engine/nats-servers.js";

test.each([
  [["a:4222", "nats://b"], ["a:4222", "b"], {}],
  [["nats://game:s%40cr%25t@a:4222/", "b:4222"], ["a:4222", "b:4222"], { user: "game", pass: "s@cr%t" }],
  [["game:with@sign@[::1]:4222"], ["[::1]:4222"], { user: "game", pass: "with@sign" }],
  [["game:with,comma@a"], ["a"], { user: "game", pass: "with,comma" }],
  [["nats://t0k3n@a"], ["a"], { token: "t0k3n" }],
  [["TLS://a:4222", "tls://b"], ["a:4222", "b"], { tls: {} }],
])("addresses say who connects, and how: %j", (given, servers, connection) => {
  expect(readServers("servers", given)).toEqual({ servers, connection });
});

test.each([
  [["ws://game:secret@a"]],
  [["nats://game:secret@"]],
  [["nats://game:%secret@a"]],
  [["nats://game:secret@a", "nats://game:secret2@b"]],
  [["nats://game:secret@a/path"]],
  [["nats://game:secret@a,nats://game:secret@b"]],
  [["nats://game:secret@a,game:secret@b"]],
  [["nats://game:secret@a:4222,b:4222"]],
])("wrong addresses are told, and no secret with them: %j", (given) => {
  let error = "";
  try {
    readServers("servers", given);
  } catch (cause) {
    error = String(cause);
  }
  expect(error).toMatch(/servers/);
  expect(error).not.toMatch(/secret/);
});

test("where no server answers, the error names it without the password", async () => {
  const connecting = NatsEngine.connect({ servers: ["nats://game:secret@127.0.0.1:1"], timeoutMs: 2000 });
  const error = await connecting.then(
    () => "",
    (cause) => `${cause} ${cause.cause}`,
  );
  expect(error).toContain("127.0.0.1:1");
  expect(error).not.toContain("secret");
});
