import { type Clock, pause, systemClock } from "../clock.js";
import { NetworkError } from "../network-error.js";
import { printable } from "../printable.js";
import type { Engine } from "../rooms/engine/engine.js";
import { NatsEngine } from "../rooms/engine/nats-engine.js";
import { addressesOf, BEAT_MS, type HostState, hearApps, hearHosts } from "../rooms/fleet/beats.js";
import { Directory, type RoomEntry } from "../rooms/fleet/directory.js";
import { order } from "../rooms/fleet/operator.js";
import { defineCommand, UsageError } from "./command.js";

const USAGE = `Usage: valve-sockets rooms status --app NAME [OPTIONS]
       valve-sockets rooms where PLAYER --app NAME [OPTIONS]
       valve-sockets rooms drain HOST --app NAME [OPTIONS]
       valve-sockets rooms undrain HOST --app NAME [OPTIONS]

Shows the hosts, rooms and players of a fleet, tells in which room a player is, or has a host give its rooms and players
to the others and stop. It asks the NATS servers that the hosts share.

PLAYER is what the player has proven: the \`data\` of its authenticator where that is a text, or the \`subject\` in it.
HOST is the id that status shows.

  --app NAME      the \`app\` of the hosts
  --nats URL      the NATS servers, with commas between them (default: nats://127.0.0.1:4222); tls:// for those that
                  encrypt. NATS_USER and NATS_PASSWORD of the environment, or nats://USER:PASSWORD@HOST, say who asks
  --ca FILE       the certificate of the authority that has signed theirs
  --json          prints JSON
`;

/** Each host beats twice within this time. */
const HEAR_MS = 2 * BEAT_MS + 100;
const HOW_FOUND = "A player is found by what it has proven: the data of its authenticator, a text, or its subject";
const ACTIONS = ["status", "where", "drain", "undrain"];

export const roomsCommand = defineCommand({
  summary: "shows the hosts, rooms and players of a fleet, and drains a host",
  usage: USAGE,
  options: { app: { type: "string" }, nats: { type: "string" }, ca: { type: "string" }, json: { type: "boolean" } },
  async run({ app, nats = "nats://127.0.0.1:4222", ca, json = false }, [action = "", target, ...others]) {
    if (!ACTIONS.includes(action)) throw new UsageError(`It takes one of ${ACTIONS.join(", ")}`);
    if (!/^[-\w]{1,50}$/.test(app ?? ""))
      throw new UsageError("It takes the fleet as --app, 1 to 50 of A-Z a-z 0-9 _ -");
    if ((target === undefined) !== (action === "status") || others.length > 0)
      throw new UsageError(action === "status" ? "status takes no other argument" : `${action} takes one argument`);
    const engine = await NatsEngine.connect({ servers: nats.split(","), connection: connectionOf(nats, ca) });
    try {
      return await runRooms(engine, app as string, action, target ?? "", json);
    } finally {
      await engine.close();
    }
  },
});

/** Who asks, where the URL does not say it, and whom it trusts. */
function connectionOf(nats: string, caFile: string | undefined): Record<string, unknown> {
  const { NATS_USER: user, NATS_PASSWORD: pass } = process.env;
  return { ...(user && !nats.includes("@") && { user, pass }), ...(caFile !== undefined && { tls: { caFile } }) };
}

/** Opens the directory of a fleet, and makes nothing. @throws (rejects) NetworkError `ERR_NO_BUCKET`: there is none */
async function openDirectory(engine: Engine, app: string, clock: Clock): Promise<Directory> {
  try {
    return await Directory.open({ bucket: (name) => engine.bucket(name, { mustExist: true }) }, app);
  } catch (error) {
    if ((error as NetworkError).code !== "ERR_NO_BUCKET") throw error;
    const apps = new Set<string>();
    const stop = hearApps(engine, (name) => apps.add(name));
    await pause(clock, HEAR_MS);
    stop();
    const others = [...apps].sort().map(printable).join(", ");
    throw new NetworkError(
      "ERR_NO_BUCKET",
      `There is no fleet ${app} (${others ? `apps with hosts: ${others}` : "and no host of another"})`,
    );
  }
}

/** What the command does, over any engine. @returns the exit code */
export async function runRooms(
  engine: Engine,
  app: string,
  action: string,
  target: string,
  json: boolean,
  clock = systemClock,
): Promise<number> {
  if (action === "drain" || action === "undrain") {
    try {
      await order(engine, app, target, action);
    } catch (error) {
      if ((error as NetworkError).code !== "ERR_NO_RESPONDERS") throw error;
      throw new NetworkError("ERR_NO_RESPONDERS", `There is no host ${printable(target)} in ${app}`);
    }
    write(json ? { host: target, action } : `${printable(target)} has been told to ${action}`);
    return 0;
  }
  const directory = await openDirectory(engine, app, clock);
  try {
    return action === "where" ? where(directory, target, json) : await status(engine, app, directory, json, clock);
  } finally {
    directory.close();
  }
}

function where(directory: Directory, identity: string, json: boolean): number {
  const found = directory.sessionsOf(identity).map(({ host, room, playerId }) => ({ host, room, playerId }));
  if (json) write(found);
  else if (found.length === 0) write(`${printable(identity)} is not here. ${HOW_FOUND}`);
  for (const { host, room, playerId } of json ? [] : found)
    write(`${printable(host)}  ${room === "" ? "in no room" : `room ${printable(room)}`}  player ${playerId}`);
  return found.length > 0 ? 0 : 1;
}

async function status(engine: Engine, app: string, directory: Directory, json: boolean, clock: Clock): Promise<number> {
  const hosts = new Map<string, HostState>();
  const stop = hearHosts(engine, app, (id, state) => (state ? hosts.set(id, state) : hosts.delete(id)));
  await pause(clock, HEAR_MS);
  stop();
  const rooms = [...directory.rooms()];
  const alive = [...hosts.values()].sort((one, other) => one.id.localeCompare(other.id));
  if (json) {
    write({ hosts: alive.map(hostView), rooms: rooms.map((room) => roomView(directory, room)) });
    return 0;
  }
  write(`${alive.length} hosts`);
  for (const host of alive) {
    const { id, addresses, players, capacity, load, isDraining } = hostView(host);
    const where = Object.entries(addresses).map(([kind, address]) => `${kind} ${address}`);
    const state = isDraining ? "  draining" : "";
    const busy = `${Math.round(load * 100)} %`;
    write(
      `  ${printable(id)}  ${host.rooms} rooms  ${players}/${capacity} players  ${busy}${state}` +
        `  ${printable(where.join(", "))}`,
    );
  }
  write(`${rooms.length} rooms`);
  for (const room of rooms) {
    const { id, kind, host, epoch, players, isOpen } = roomView(directory, room);
    const state = `${isOpen ? "" : "  locked"}${hosts.has(host) ? "" : "  its host is gone"}`;
    write(printable(`  ${id}  ${kind}  ${host}  epoch ${epoch}  ${players} players${state}`));
  }
  return 0;
}

function hostView(state: HostState) {
  const { id, rooms, players, capacity, load, isDraining } = state;
  return {
    id,
    rooms,
    players,
    capacity,
    load: Math.round(load * 1000) / 1000,
    isDraining,
    addresses: addressesOf(state),
  };
}

const roomView = (directory: Directory, { id, kind, owner, epoch, isOpen, labels }: RoomEntry) => ({
  ...{ id, kind, host: owner, epoch: Number(epoch), isOpen, labels },
  players: directory.sessionsIn(id).length,
});

function write(what: unknown): void {
  process.stdout.write(`${typeof what === "string" ? what : JSON.stringify(what)}\n`);
}
