import { Delivery, type IConnectEndPoint } from "../../socket/socket.js";
import type { IHasHost, IHasPort, SocketFactory } from "../../socket/socket-factory.js";
import { assertEqual, assertThat, rejectionOf } from "./assert.js";
import { numbered } from "./packet-cases.js";
import type { SocketWorld } from "./socket-world.js";

const wrongPorts = [65_536 + 47_111, -1, 1.5, Number.NaN, "47112"] as number[];

function portOf(factory: SocketFactory): IHasPort | null {
  return "port" in factory ? (factory as SocketFactory & IHasPort) : null;
}

async function portsAreChecked(world: SocketWorld): Promise<void> {
  const settings = portOf(world.factory);
  if (!settings) return;
  const { port } = settings;
  const server = world.createServer();
  const client = world.createClient();
  for (const wrong of wrongPorts) {
    settings.port = wrong;
    const what = `port ${wrong}${typeof wrong === "string" ? ", a text" : ""}`;
    const expected = typeof wrong === "string" ? "ERR_INVALID_ARG_TYPE" : "ERR_OUT_OF_RANGE";
    const bind = async () => server.socket.bind(world.factory.getBindEndPoint());
    assertEqual((await rejectionOf(world.during(bind()), `bind to ${what}`)).code, expected, "the code");
    assertEqual(server.socket.boundPort, null, "boundPort");
    const connect = async () => client.socket.connect(world.clientFactory.getConnectEndPoint(undefined, wrong));
    assertEqual((await rejectionOf(world.during(connect()), `connect to ${what}`)).code, expected, "the code");
  }
  settings.port = port;
  await world.bind(server);
}

async function namesAreLookedUp(world: SocketWorld): Promise<void> {
  const server = await world.bind();
  const { boundPort } = server.socket;
  if (boundPort === null || typeof (world.clientFactory as Partial<IHasHost>).host !== "string") return;
  const client = world.createClient();
  const nowhere = world.clientFactory.getConnectEndPoint("no-such-name.invalid", boundPort);
  const error = await rejectionOf(world.during(client.socket.connect(nowhere)), "connect to a name without an address");
  assertEqual(error.code, "ERR_NAME_NOT_FOUND", "the code");
  assertThat(error.message.includes(`no-such-name.invalid:${boundPort}`), `"${error.message}" tells host and port`);
  const handle = await world.startConnecting(server, client);
  await world.deliver(client, handle, server, [numbered(1, 8)]);
}

async function oneServerPerAddress(world: SocketWorld): Promise<void> {
  const first = await world.bind();
  const { boundPort } = first.socket;
  const settings = portOf(world.factory);
  if (boundPort === null || !settings) return;
  const { port } = settings;
  settings.port = boundPort;
  const second = world.createServer();
  const error = await rejectionOf(world.bind(second), "bind to a port in use");
  assertEqual(error.code, "ERR_ADDRESS_IN_USE", "the code");
  assertThat(error.message.includes(`:${boundPort}`), `"${error.message}" tells the port`);
  await world.during(first.close());
  await world.bind(second);
  assertEqual(second.socket.boundPort, boundPort, "the port, free again after close,");
  settings.port = port;
}

async function closeDuringBind(world: SocketWorld): Promise<void> {
  const settings = portOf(world.factory);
  const first = await world.bind();
  const { boundPort } = first.socket;
  await world.during(first.close());
  if (boundPort === null || !settings) return;
  const { port } = settings;
  settings.port = boundPort;
  const server = world.createServer();
  const binding = server.socket.bind(world.factory.getBindEndPoint()).then(
    () => "bound",
    (error: { code?: string }) => error.code,
  );
  await world.during(server.close());
  // A socket that is bound at once has been bound before the close.
  assertThat(["ERR_CLOSED", "bound"].includes((await world.during(binding)) ?? ""), "bind rejects with ERR_CLOSED");
  assertEqual(server.socket.boundPort, null, "boundPort after close");
  const next = await world.bind();
  assertEqual(next.socket.boundPort, boundPort, "the port, free after a close during bind,");
  settings.port = port;
}

async function silenceEnds(world: SocketWorld): Promise<void> {
  const silence = await world.createSilentEndPoint();
  if (!silence) return;
  const connect = (signal?: AbortSignal) => {
    const client = world.createClient();
    const connecting = client.socket.connect(silence as IConnectEndPoint, signal);
    connecting.catch(() => {});
    return { client, connecting };
  };
  const reason = new Error("changed my mind");
  const controller = new AbortController();
  const aborted = connect(controller.signal);
  const closed = connect();
  await world.quiet();
  controller.abort(reason);
  assertThat((await rejectionOf(world.during(aborted.connecting), "connect")) === reason, "the signal's reason");
  const closing = closed.client.close();
  assertEqual((await rejectionOf(world.during(closed.connecting), "connect")).code, "ERR_CLOSED", "the code");
  await world.during(closing);
  // After the abort, the same socket may try again.
  const server = await world.bind();
  const handle = await world.startConnecting(server, aborted.client);
  await world.until(() => aborted.client.send(handle, numbered(1, 8), Delivery.Reliable), "a packet is taken");
}

async function addressesAreWritten(world: SocketWorld): Promise<void> {
  const { server, handle, serverHandle } = await world.pair();
  for (const { address } of [handle, serverHandle, ...server.incoming]) {
    assertThat(!/::ffff:\d/i.test(address), `${address} is an IPv4 address as such`);
    const isOnline = typeof (world.clientFactory as Partial<IHasHost>).host === "string" && server.socket.boundPort;
    if (isOnline) assertThat(/^([\w.-]+|\[[\da-f:]+(%\w+)?\]):\d+$/.test(address), `${address} is host:port`);
  }
}

export const endPointCases = {
  "ports are integers from 0 to 65535": portsAreChecked,
  "a name without an address is told, and another try is allowed": namesAreLookedUp,
  "an address has one server": oneServerPerAddress,
  "close during bind leaves nothing bound": closeDuringBind,
  "connect to somebody silent can be ended": silenceEnds,
  "addresses have one form": addressesAreWritten,
};
