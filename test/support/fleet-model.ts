import { hexOf } from "../../lib/bytes.js";
import { pause } from "../../lib/clock.js";
import { type Log, MemoryEngine } from "../../lib/rooms/engine/index.js";
import { Directory, type RoomEntry, type SessionEntry } from "../../lib/rooms/fleet/directory.js";
import { FleetKeys } from "../../lib/rooms/fleet/fleet-keys.js";
import { nameOf } from "../../lib/rooms/fleet/names.js";
import { RoomLog } from "../../lib/rooms/fleet/room-log.js";
import { decode, encode, map, struct, u32 } from "../../lib/serialization/index.js";
import { seededRandom } from "../../lib/testing/index.js";
import { ModelHost, type OwnedRoom, Player } from "./model-host.js";
import { seededBytes } from "./peer-world.js";
import { VirtualClock } from "./virtual-clock.js";

const Event = struct({ visit: u32, number: u32 });
const State = map(u32, u32, 10_000);
/** What is sent arrives after this time, and so long takes a step of the world. */
const STEP_MS = 100;
const DEAD_MS = 1500;
const ORPHAN_MS = 30_000;

export interface ModelOptions {
  readonly hosts: number;
  readonly rooms: number;
  readonly players: number;
  /** What players do in a second, all together. */
  readonly perSecond: number;
  /** How often, in seconds of the world, a host dies, stands still, or is drained. */
  readonly crashSeconds: number;
  readonly freezeSeconds: number;
  readonly drainSeconds: number;
  readonly seed: number;
}

/**
 * The directory, logs, tickets and sessions of a fleet on a virtual clock, with players and hosts that only decide. It
 * knows what was acknowledged, and notes each fault: what was lost, is there twice, or has two owners.
 */
export class FleetModel {
  readonly clock = new VirtualClock();
  readonly faults: string[] = [];
  readonly counts = { actions: 0, joins: 0, moves: 0, leaves: 0, commits: 0, claims: 0 };
  /** How often the engine took no more calls, of which half of the hosts share a link. The player comes again. */
  refused = 0;
  readonly dangers = { crashes: 0, freezes: 0, drains: 0, fenced: 0, refusedTickets: 0, newAgain: 0 };
  readonly randomBytes: (size: number) => Uint8Array;
  readonly keys: FleetKeys;
  readonly directories: Directory[] = [];
  readonly engine = new MemoryEngine({ clock: this.clock, latencyMs: STEP_MS });
  readonly #options: ModelOptions;
  readonly #random: () => number;
  readonly #hosts: ModelHost[] = [];
  readonly #byId = new Map<string, ModelHost>();
  readonly #players: Player[];
  readonly #playersIn = new Map<string, Set<Player>>();
  /** The newest owner of each room that has begun. */
  readonly #owners = new Map<string, { host: ModelHost; owned: OwnedRoom }>();
  #orphans = new Map<string, number>();
  #logs: Log[] = [];
  #made = 0;
  #visits = 0;
  #isOver = false;

  constructor(options: ModelOptions) {
    this.#options = options;
    this.#random = seededRandom(options.seed);
    this.randomBytes = seededBytes(options.seed);
    this.keys = new FleetKeys([this.randomBytes(32)], this.randomBytes);
    this.#players = Array.from({ length: options.players }, (_, at) => new Player(`player${at}`));
  }

  get online(): number {
    return this.#players.filter(({ session }) => session !== null).length;
  }

  /** Hosts share two copies of the directory: each of them is behind the other now and then. */
  async start(): Promise<void> {
    for (let copy = 0; copy < 2; copy++) {
      const link = this.engine.link();
      this.directories.push(await this.#wait(Directory.open(link, "model")));
      this.#logs.push(await this.#wait(link.log("model-events")));
    }
    for (let at = 0; at < this.#options.hosts; at++) this.#addHost();
  }

  /** Lets players and hosts do what they do for some time. */
  async run(seconds: number): Promise<void> {
    const { perSecond, crashSeconds, freezeSeconds, drainSeconds } = this.#options;
    const each = (everySeconds: number) => this.#random() < STEP_MS / 1000 / everySeconds;
    for (let step = 0; step < (seconds * 1000) / STEP_MS; step++) {
      const actions = (perSecond * STEP_MS) / 1000;
      const count = Math.floor(actions) + (this.#random() < actions % 1 ? 1 : 0);
      for (let at = 0; at < count; at++) this.#act(this.#pick(this.#players));
      if (each(crashSeconds)) this.#crash();
      if (each(freezeSeconds)) this.#freeze();
      if (each(drainSeconds)) void this.#drain();
      if (step % 300 === 0) this.#sweep();
      await this.#pass(1);
    }
  }

  /** All players leave, one after the other, and what is left behind is removed. */
  async end(): Promise<void> {
    this.#isOver = true;
    const isLeft = ({ session, isBusy }: Player) => session !== null || isBusy;
    for (let left = this.#players.filter(isLeft); left.length > 0; left = left.filter(isLeft)) {
      for (const player of left.slice(0, 500)) this.#act(player);
      await this.#pass(10);
    }
    for (let at = 0; at < 5; at++) {
      this.#sweep();
      await this.#pass(300);
    }
    // As a sweep does: those whose host was gone when the last player left.
    for (const { id } of [...(this.directories[0] as Directory).rooms()]) {
      await this.#wait(this.#find(this.#door(), id));
      await this.#wait(this.#left(id, 0));
    }
    for (let at = 0; at < this.#options.rooms; at++) {
      const records = (this.#logs[0] as Log).read(nameOf(`room${at}`), 0n)[Symbol.asyncIterator]();
      if (!(await this.#wait(records.next())).done) this.faults.push(`The log of room${at} is left over`);
    }
  }

  #pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.#random() * list.length)] as T;
  }

  async #pass(steps: number): Promise<void> {
    for (let step = 0; step < steps; step++) {
      await new Promise(setImmediate);
      this.clock.advance(STEP_MS);
    }
  }

  async #wait<T>(promise: Promise<T>): Promise<T> {
    let isDone = false;
    const done = () => {
      isDone = true;
    };
    promise.then(done, done);
    while (!isDone) await this.#pass(1);
    return promise;
  }

  #addHost(): void {
    const copy = this.#made++ % 2;
    const host = new ModelHost(`host${this.#made}`, this.directories[copy] as Directory, this.#logs[copy] as Log, this);
    this.#hosts.push(host);
    this.#byId.set(host.id, host);
  }

  /** Who takes players and rooms. */
  #door(): ModelHost {
    const doors = this.#hosts.filter((host) => this.#isUp(host) && !host.isDraining);
    return this.#pick(doors);
  }

  #isUp = (host: ModelHost | null | undefined) => host?.isAlive === true && host.silentMs === Number.POSITIVE_INFINITY;

  #isDead(id: string): boolean {
    const host = this.#byId.get(id);
    return !host || this.clock.now() - host.silentMs >= DEAD_MS;
  }

  // What players do.

  #act(player: Player): void {
    if (player.isBusy) return;
    this.counts.actions++;
    player.isBusy = true;
    const dice = this.#random();
    const what = () => {
      if (!player.session) return this.#join(player);
      if (!this.#isUp(player.host)) return this.#resume(player);
      if (this.#isOver || dice < 0.1) return this.#leave(player);
      if (dice < 0.25) return this.#move(player, player.host as ModelHost);
      return this.#commit(player);
    };
    void what()
      .catch((error) => {
        if (error.code === "ERR_TOO_MANY_REQUESTS") this.refused++;
        else this.faults.push(`${player.name}: ${error.code} ${error.message}`);
      })
      .finally(() => {
        player.isBusy = false;
      });
  }

  async #join(player: Player): Promise<void> {
    if (this.#isOver) return;
    this.counts.joins++;
    Object.assign(player, { session: hexOf(this.keys.createSession().id), room: "", moves: 0, visit: 0 });
    await this.#move(player, this.#door());
  }

  async #leave(player: Player): Promise<void> {
    this.counts.leaves++;
    const { host, session, room } = player;
    host?.writer.remove(this.#entryOf(player));
    host?.players.delete(session as string);
    this.#in(room).delete(player);
    Object.assign(player, { session: null, host: null, room: "" });
    await this.#left(room, player.visit);
  }

  /** By way of a host to a room that may be at another one. */
  async #move(player: Player, by: ModelHost): Promise<void> {
    const room = `room${Math.floor(this.#random() * this.#options.rooms)}`;
    const host = await this.#findOrCreate(by, room);
    if (!host || !this.#isUp(by)) return this.#settle(player, by, "");
    this.counts.moves++;
    await this.#settle(player, this.#follow(player, by, host, room), room);
  }

  /** The player shows its ticket; a second time, and elsewhere, it is worth nothing. */
  #follow(player: Player, by: ModelHost, to: ModelHost, room: string): ModelHost {
    if (by === to) return to;
    const session = Buffer.from(player.session as string, "hex");
    const ticket = by.tickets.issue({ session, room, host: to.id, moves: player.moves, identity: player.name });
    if (hexOf(to.tickets.redeem(ticket).session) !== player.session) this.faults.push("A ticket of another player");
    for (const host of [to, by]) {
      try {
        host.tickets.redeem(ticket);
        this.faults.push("A ticket was taken twice");
      } catch {
        this.dangers.refusedTickets++;
      }
    }
    return to;
  }

  /** The player is here now. In another room than before it begins anew. */
  async #settle(player: Player, host: ModelHost, room: string): Promise<void> {
    const before = { room: player.room, visit: player.visit };
    player.host?.players.delete(player.session as string);
    if (before.room !== room || player.visit === 0) Object.assign(player, { visit: ++this.#visits, acknowledged: 0 });
    this.#in(before.room).delete(player);
    this.#in(room).add(player);
    Object.assign(player, { host, room, moves: player.moves + 1 });
    host.players.set(player.session as string, player);
    host.writer.put(this.#entryOf(player));
    if (before.visit !== player.visit) await this.#left(before.room, before.visit);
  }

  #in(room: string): Set<Player> {
    const players = this.#playersIn.get(room) ?? new Set();
    this.#playersIn.set(room, players);
    return players;
  }

  #entryOf({ session, room, host, visit, name, moves }: Player): SessionEntry {
    return {
      ...{ id: session as string, room, host: host?.id ?? "", playerId: visit, identity: name, authentication: "{}" },
      ...{ epoch: this.#owners.get(room)?.owned.entry.epoch ?? 0n, moves, isSpectator: false, question: 0 },
    };
  }

  async #commit(player: Player): Promise<void> {
    const { room, visit } = player;
    const owned = player.host?.rooms.get(room);
    if (!owned) return room === "" ? undefined : this.#resume(player);
    const number = player.acknowledged + 1;
    try {
      await owned.log.commit(encode(Event, { visit, number }));
    } catch {
      return; // Its owner has changed, and it is asked again.
    }
    this.counts.commits++;
    player.acknowledged = number;
    this.#check(room, player);
    if (number % 20 === 0) await owned.log.checkpoint(encode(State, owned.state)).catch(() => {});
  }

  /** Its host is gone: it comes to another one, which looks for it in the directory. */
  async #resume(player: Player): Promise<void> {
    const door = this.#door();
    const id = player.session as string;
    const found = door.directory.findSession(id) ?? (await door.directory.readSession(id));
    if (!this.#isUp(door)) return;
    if (!found) {
      // Its host died before it had written it, or nobody came for too long.
      this.dangers.newAgain++;
      player.host?.players.delete(id);
      this.#in(player.room).delete(player);
      Object.assign(player, { session: null, host: null, room: "" });
      return;
    }
    player.moves = Math.max(found.moves, player.moves);
    const host = found.room === "" ? door : await this.#find(door, found.room);
    if (!host || !this.#isUp(host) || !this.#isUp(door)) return;
    await this.#settle(player, this.#follow(player, door, host, found.room), found.room);
  }

  // What hosts do.

  async #findOrCreate(by: ModelHost, room: string): Promise<ModelHost | null> {
    const known = by.directory.findRoom(room) ?? (await by.directory.readRoom(room));
    if (known) return this.#find(by, room);
    const description = { id: room, kind: "game", isOpen: true, labels: {}, code: "" };
    const isMade = await this.#open(by, room, async () => {
      const entry = await by.directory.createRoom(description, by.id);
      return entry.owner === by.id && !by.rooms.has(room) && this.#begin(by, entry);
    });
    return isMade ? by : this.#find(by, room);
  }

  /** Once at a time. @returns whether the host has the room */
  #open(host: ModelHost, room: string, open: () => Promise<boolean>): Promise<boolean> {
    const opening = host.opening.get(room) ?? open().finally(() => host.opening.delete(room));
    host.opening.set(room, opening);
    return opening;
  }

  /** As `RoomFinder`. */
  async #find(by: ModelHost, room: string): Promise<ModelHost | null> {
    for (const untilMs = this.clock.now() + 8000; this.clock.now() < untilMs && this.#isUp(by); ) {
      if (by.rooms.has(room)) return by;
      const entry = by.directory.findRoom(room) ?? (await by.directory.readRoom(room));
      if (!entry) return null;
      const owner = this.#byId.get(entry.owner);
      if (this.#isUp(owner) && owner?.rooms.has(room)) return owner;
      if (this.#isDead(entry.owner) && !by.isDraining && (await this.#claim(by, entry))) return by;
      await pause(this.clock, 200);
    }
    return null;
  }

  #claim(host: ModelHost, seen: RoomEntry): Promise<boolean> {
    return this.#open(host, seen.id, async () => {
      const entry = await host.directory.claimRoom(seen, host.id);
      return entry?.owner === host.id && entry.epoch !== seen.epoch && this.#begin(host, entry);
    });
  }

  async #begin(host: ModelHost, entry: RoomEntry): Promise<boolean> {
    this.counts.claims++;
    const state = new Map<number, number>();
    const apply = (event: Uint8Array) => {
      const { visit, number } = decode(Event, event);
      const last = state.get(visit) ?? 0;
      if (number < last) this.faults.push(`${entry.id}: ${number} of visit ${visit} comes again after ${last}`);
      state.set(visit, number);
    };
    const fenced = () => {
      this.dangers.fenced++;
      if (host.rooms.get(entry.id)?.entry.epoch === entry.epoch) host.rooms.delete(entry.id);
    };
    const settings = { log: host.log, id: entry.id, epoch: entry.epoch, owner: host.id };
    const opened = await RoomLog.open({ ...settings, clock: this.clock, random: this.#random, apply, fenced }).catch(
      (error) => {
        if (error.code !== "ERR_FENCED") throw error;
      },
    );
    if (!opened || !host.isAlive) return false;
    const { log, history } = opened;
    if (history.state) for (const [visit, last] of decode(State, history.state)) state.set(visit, last);
    for (const event of history.events) apply(event);
    const owned = { entry, log, state };
    host.rooms.set(entry.id, owned);
    const newest = this.#owners.get(entry.id)?.owned.entry.epoch ?? 0n;
    if (entry.epoch > newest) this.#owners.set(entry.id, { host, owned });
    for (const player of this.#in(entry.id)) this.#check(entry.id, player);
    return true;
  }

  /** What was acknowledged is in the room, whoever has it now. */
  #check(room: string, { session, visit, acknowledged, name }: Player): void {
    const owner = this.#owners.get(room)?.owned;
    if (!session || !owner) return;
    const last = owner.state.get(visit) ?? 0;
    // One more may be stored whose answer is on its way.
    if (last < acknowledged || last > acknowledged + 1)
      this.faults.push(`${room} has ${last} of ${name}, of which ${acknowledged} are acknowledged`);
  }

  /** A visit is over; a room that nobody is in, and nobody comes to, is removed. */
  async #left(room: string, visit: number): Promise<void> {
    const { host, owned } = this.#owners.get(room) ?? {};
    owned?.state.delete(visit);
    if (!this.#isOver || !host || !owned || this.#in(room).size > 0) return;
    if (!this.#isUp(host) || !host.rooms.delete(room)) return;
    this.#owners.delete(room);
    await owned.log.remove();
    await host.directory.removeRoom(owned.entry);
  }

  #crash(): void {
    const host = this.#door();
    if (this.#hosts.length < 3) return;
    this.dangers.crashes++;
    Object.assign(host, { isAlive: false, silentMs: this.clock.now() });
    host.writer.stop();
    for (const { log } of host.rooms.values()) log.close();
    this.#lose(host);
    this.#replace(host);
  }

  /** All its players notice soon, and look for their rooms at other hosts, all at once. */
  #lose(host: ModelHost): void {
    const players = [...host.players.values()];
    void pause(this.clock, 3000).then(() => {
      for (const player of players) if (player.host === host) this.#act(player);
    });
  }

  /** Stands still, is replaced, and writes on when it wakes up. */
  #freeze(): void {
    const host = this.#door();
    if (this.#hosts.filter(this.#isUp).length < 3) return;
    this.dangers.freezes++;
    host.silentMs = this.clock.now();
    this.#lose(host);
    void pause(this.clock, 6000).then(() => {
      host.silentMs = Number.POSITIVE_INFINITY;
      for (const { log, state } of host.rooms.values()) void log.checkpoint(encode(State, state)).catch(() => {});
    });
  }

  async #drain(): Promise<void> {
    const host = this.#door();
    if (this.#hosts.filter((one) => this.#isUp(one) && !one.isDraining).length < 3) return;
    this.dangers.drains++;
    host.isDraining = true;
    for (const [room, owned] of [...host.rooms]) {
      const to = this.#door();
      await owned.log.checkpoint(encode(State, owned.state)).catch(() => {});
      await owned.log.pause();
      const isTaken = this.#isUp(to) && (await this.#claim(to, owned.entry));
      owned.log.unpause();
      if (!isTaken) continue;
      owned.log.close();
      host.rooms.delete(room);
    }
    await host.writer.flushed();
    Object.assign(host, { isAlive: false, silentMs: this.clock.now() });
    for (const { log } of host.rooms.values()) log.close();
    this.#lose(host);
    this.#replace(host);
  }

  #replace(host: ModelHost): void {
    this.#hosts.splice(this.#hosts.indexOf(host), 1);
    this.#addHost();
    // Nobody remembers it for ever.
    void pause(this.clock, 60_000).then(() => this.#byId.delete(host.id));
  }

  /** As `Membership`: removes sessions that nobody has. */
  #sweep(): void {
    const nowMs = this.clock.now();
    const orphans = new Map<string, number>();
    const { directory, writer } = this.#door();
    for (const session of directory.sessions()) {
      const host = this.#byId.get(session.host);
      if (host && this.#isUp(host) && host.players.has(session.id)) continue;
      const sinceMs = this.#orphans.get(session.id) ?? nowMs;
      orphans.set(session.id, sinceMs);
      if (nowMs - sinceMs > ORPHAN_MS) writer.remove(session);
    }
    this.#orphans = orphans;
  }
}
