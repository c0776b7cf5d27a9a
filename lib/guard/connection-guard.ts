import { checkFunction, checkInteger, noNumber, rangeError, typeError } from "../arguments.js";
import { type Clock, systemClock, unixTimeMs } from "../clock.js";
import { EventHub, type EventListener } from "../event-hub.js";
import { checkOptions, clockOption } from "../options.js";
import { reportUncaught } from "../report-uncaught.js";
import { type AddressGroups, groupsOf, hostOf, isIPv4, isLoopback } from "./address.js";
import { AttackFeed, type AttackRoute } from "./attack-feed.js";
import { FloodDetector, type FloodFigures } from "./flood-detector.js";
import { bannableSource, checkExported, type ExportedGuard, SourceList } from "./guard-lists.js";
import { type GuardOptions, guardDefaults, guardRules } from "./guard-options.js";
import { Network } from "./network.js";
import { RATE_FIELDS, RateTable } from "./rate-table.js";
import { keyOfAddress } from "./source.js";
import { addressKeyOf, isSameKey, Kind, nameOf, networkKeyOf, type SourceKey, sourceKeyOf } from "./source-key.js";

/** How many entries each table of a guard holds. */
const MAX_ENTRIES = 65_536;
/** How much more than an address a network may do. */
const NETWORK_FACTOR = 8;
/** How much more a source that has proved itself: the crowd behind one address, and not the flood of one who did. */
const KNOWN_FACTOR = 16;
/** So many offences in so many milliseconds lead to a ban. */
const BAN_OFFENCES = 10;
const OFFENCES_MS = 120_000;
/** A flood is so many times the average rate, and over after so many milliseconds below that. */
const FLOOD_FACTOR = 5;
const CALM_MS = 30_000;
/** The most networks that may be allowed: each connection is compared with all of them. */
const MAX_ALLOWED = 1024;

/** What a guard has counted. */
export interface GuardCounters {
  /** Connections that were let in, and those of them that have neither proved anything nor ended. */
  readonly passed: number;
  /** Connections that were let in and have neither proved anything nor ended. */
  readonly pending: number;
  /** Connections that have proved themselves. */
  readonly proven: number;
  /** Connections that were refused, by their rate during a flood and because their source is banned. */
  readonly throttled: number;
  /** Connections that were refused because their source is banned. */
  readonly banned: number;
  /** Connections that the kernel has dropped or answered by a cookie, as far as `kernelDropped` was told. */
  readonly kernelDropped: number;
  /** Sources that floods have banned. */
  readonly bans: number;
  /** How often a flood has begun. */
  readonly floods: number;
}

/** The counters of a guard, and its state. */
export interface GuardMetrics extends GuardCounters {
  /** Whether rates are limited at this moment. */
  readonly isUnderAttack: boolean;
  /** Sources that floods have banned, at this moment: 65,536 at most. */
  readonly bannedByFloods: number;
  /** Sources that `ban` has banned, at this moment: 65,536 at most. */
  readonly bannedByHand: number;
  /** Addresses and networks whose rates it keeps: 65,536 at most, and as many sources that have proved themselves. */
  readonly rates: number;
}

/** What happened in a flood that is over. */
export interface CalmFigures {
  /** From the beginning of the flood until now, with the 30 s of calm. */
  readonly durationMs: number;
  /** Connections that were refused meanwhile. */
  readonly refused: number;
}

/** The arguments of each event. */
export interface GuardEvents {
  /** An address or a network (`1.2.3.0/24`) is over its rate during a flood. Once in 120 s for each of them. */
  throttled: [who: string];
  /** `ban` or a flood has banned a source for `ms` milliseconds; `Infinity` is for ever. */
  banned: [source: string, ms: number];
  /** More connections than usual arrive: from now on rates are limited. */
  flood: [figures: FloodFigures];
  /** The flood has been over for 30 s. */
  calm: [figures: CalmFigures];
  /** `routeAttack` has thrown or rejected: its batch is lost. */
  routeFailed: [error: unknown];
}

const EVENTS = ["throttled", "banned", "flood", "calm", "routeFailed"] as const;

/** Why a connection is refused. Whoever accepted it resets it, and sends nothing. */
export interface Refusal {
  /** Its source is over its rate during a flood, or banned. */
  readonly refused: "throttled" | "banned";
}

const THROTTLED: Refusal = { refused: "throttled" };
const BANNED: Refusal = { refused: "banned" };

/** A connection that was let in. */
export class Pass {
  /** Null: it was let in. */
  readonly refused = null;
  readonly #onProven: () => void;
  readonly #onEnded: (isProven: boolean) => void;
  #isProven = false;
  #hasEnded = false;

  /** @internal */
  constructor(onProven: () => void, onEnded: (isProven: boolean) => void) {
    this.#onProven = onProven;
    this.#onEnded = onEnded;
  }

  /**
   * The other side is authenticated; where nobody asks for that, its first valid message has arrived. Its source may
   * open 16 times as many connections for 10 minutes, and is not banned. A second call does nothing.
   */
  proven(): void {
    if (this.#isProven || this.#hasEnded) return;
    this.#isProven = true;
    this.#onProven();
  }

  /** The connection has ended. A second call does nothing. */
  ended(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#onEnded(this.#isProven);
  }
}

/** Where a connection comes from: its address, source, and /24 or /64. An identity has no groups and no network. */
interface Origin {
  readonly groups: AddressGroups | null;
  readonly address: SourceKey;
  readonly source: SourceKey;
  readonly network: SourceKey | null;
}

/** How often an address or a network was over its rate, and since when: numbers of its entry behind its rate. */
const OFFENCES = RATE_FIELDS;
const FIRST_OFFENCE_MS = RATE_FIELDS + 1;

/**
 * Decides at the door of a server who may come in. In peace that is everybody who is not banned: 300 clients behind
 * one address are no attack. Who has to leave a full pool is decided by its shares (`Places`). During a flood each
 * address and each network has a rate, and a source that stays over its rate is banned.
 *
 * Sources that have proved themselves may do 16 times as much and are not banned; loopback and the networks that the
 * administrator allows are not limited. All tables are bounded and forget what was used least recently; a connection
 * costs no timer.
 */
export class ConnectionGuard {
  readonly #clock: Clock;
  readonly #options: GuardOptions;
  readonly #detector: FloodDetector;
  readonly #events = new EventHub<GuardEvents>(EVENTS, reportUncaught);
  readonly #visitors: RateTable;
  /** The rates of those that have proved themselves. */
  readonly #regulars: RateTable;
  /** Strangers cannot displace what the administrator has banned: the bans of floods have a list of their own. */
  readonly #bans: SourceList;
  readonly #floodBans: SourceList;
  readonly #known: SourceList;
  #feed: AttackFeed;
  readonly #allowed = new Map<string, Network>();
  readonly #counters = {
    passed: 0,
    pending: 0,
    proven: 0,
    throttled: 0,
    banned: 0,
    kernelDropped: 0,
    bans: 0,
    floods: 0,
  };
  #refusedBeforeFlood = 0;

  /** @throws TypeError, RangeError for options that make no sense, with the codes of `checkOptions` */
  constructor(options: Partial<GuardOptions> = {}, clock: Clock = systemClock) {
    checkOptions("ConnectionGuard", options as GuardOptions, guardRules);
    clockOption("clock", clock);
    this.#options = { ...guardDefaults, ...definedIn(options) };
    this.#clock = clock;
    this.#visitors = new RateTable(clock, MAX_ENTRIES, 2);
    this.#regulars = new RateTable(clock, MAX_ENTRIES);
    const limits = { perSecond: this.#options.floodPerSecond, factor: FLOOD_FACTOR, calmMs: CALM_MS };
    this.#detector = new FloodDetector(clock, limits, {
      onFlood: (figures) => this.#onFlood(figures),
      onCalm: (durationMs) => {
        this.#feed.clear();
        this.#events.emit("calm", { durationMs, refused: this.#refusedInFlood });
      },
    });
    this.#feed = this.#newFeed();
    this.#bans = new SourceList(clock, MAX_ENTRIES);
    this.#floodBans = new SourceList(clock, MAX_ENTRIES);
    this.#known = new SourceList(clock, MAX_ENTRIES);
  }

  /** What the guard has counted: a copy, made on each access. */
  get counters(): GuardCounters {
    return { ...this.#counters };
  }

  /** The counters, and whether rates are limited at this moment. */
  get metrics(): GuardMetrics {
    return {
      ...this.#counters,
      isUnderAttack: this.isUnderAttack,
      bannedByFloods: this.#floodBans.listed,
      bannedByHand: this.#bans.listed,
      rates: this.#visitors.size + this.#regulars.size,
    };
  }

  /** Whether rates are limited at this moment. */
  get isUnderAttack(): boolean {
    return this.#detector.isFlood;
  }

  /**
   * What hears during a flood which sources are known and which are banned, at most 5 times a second: all of them when
   * it begins, and then the changes. See `nftablesRoute` of `valve-sockets/guard/node`.
   *
   * @defaultValue null
   * @throws TypeError `ERR_INVALID_ARG_TYPE`
   */
  get routeAttack(): AttackRoute | null {
    return this.#feed.route;
  }

  set routeAttack(route: AttackRoute | null) {
    if (route !== null) checkFunction("routeAttack", route);
    this.#feed.clear();
    // What the old route has under way does not hold up the new one.
    this.#feed = this.#newFeed();
    this.#feed.route = route;
    if (this.isUnderAttack) this.#feedAll();
  }

  /**
   * Adds a listener of an event.
   *
   * @returns removes the listener again
   * @throws TypeError for a name that is no event, or a listener that is no function
   */
  on<Name extends keyof GuardEvents>(name: Name, listener: EventListener<GuardEvents[Name]>): () => void {
    return this.#events.on(name, listener);
  }

  /**
   * A connection has come.
   *
   * @param address an IP address with or without a port; anything else is an identity, and all of them are one source
   * @throws TypeError for what is no text
   */
  accept(address: string): Pass | Refusal {
    if (typeof address !== "string") throw typeError("The address", "a string");
    const origin = originOf(address);
    this.#detector.count();
    if (this.#isListed(origin.source)) {
      this.#counters.banned++;
      return BANNED;
    }
    if (!this.#isExempt(origin)) {
      const isKnown = this.#known.has(origin.source);
      const over = isKnown ? this.#takeFromKnown(origin.source) : this.#takeFrom(origin);
      if (over !== null && this.isUnderAttack) {
        this.#counters.throttled++;
        if (!isKnown) this.#offend(over, origin.source);
        return THROTTLED;
      }
    }
    this.#counters.passed++;
    this.#counters.pending++;
    return new Pass(
      () => this.#onProven(origin),
      (isProven) => this.#onEnded(origin, isProven),
    );
  }

  /**
   * The kernel has dropped so many connections in the last second, or answered them by a cookie, that never came to
   * `accept`: that is a flood. `watchKernel` of `valve-sockets/guard/node` calls it.
   *
   * @throws RangeError `ERR_OUT_OF_RANGE`
   */
  kernelDropped(count: number): void {
    checkInteger("The number of connections", count, 1, Number.MAX_SAFE_INTEGER);
    this.#counters.kernelDropped += count;
    this.#detector.missed(count);
  }

  /** Whether the source of an address is banned, by a flood or by `ban`. It counts nothing. */
  isBanned(address: string): boolean {
    // Asked for each packet of strangers: in peace nobody is listed.
    if (this.#bans.size + this.#floodBans.size === 0) return false;
    return this.#isListed(keyOfAddress(String(address)));
  }

  /**
   * Refuses the source of an address: that address, or its /64. It does not end the connections that are there.
   *
   * @param ms `Infinity` is for ever
   * @throws RangeError `ERR_OUT_OF_RANGE` for loopback, for what is no IP address, and for a negative time
   */
  ban(address: string, ms: number): void {
    if (typeof ms !== "number") throw noNumber("The time of a ban", ms, "a number of milliseconds");
    if (!(ms >= 0)) throw rangeError("The time of a ban", "at least 0 milliseconds");
    const source = bannableSource(address);
    this.#bans.add(source, ms);
    this.#wasBanned(source, ms);
  }

  /** Ends all bans of an address. @returns whether there was one */
  unban(address: string): boolean {
    const source = keyOfAddress(String(address));
    const [ofAdministrator, ofFlood] = [this.#bans.remove(source), this.#floodBans.remove(source)];
    if (!ofAdministrator && !ofFlood) return false;
    if (this.isUnderAttack) this.#feed.add("banned", nameOf(source), 0);
    return true;
  }

  /**
   * A network is never limited and never banned by a flood, and those that floods have banned in it are let in again.
   * A ban by `ban` holds all the same.
   *
   * @param network an address, or a CIDR block such as `10.0.0.0/8`; at most 1024 of them
   * @throws RangeError `ERR_OUT_OF_RANGE`
   */
  allow(network: string): void {
    const allowed = new Network(network);
    checkInteger("The number of allowed networks", new Set([...this.#allowed.keys(), network]).size, 1, MAX_ALLOWED);
    this.#allowed.set(network, allowed);
    for (const source of this.#floodBans.removeNetwork(allowed)) {
      if (this.isUnderAttack && !this.#bans.has(source)) this.#feed.add("banned", nameOf(source), 0);
    }
  }

  /** The administrator's bans and allowed networks, and the sources that are known, as JSON. */
  export(): ExportedGuard {
    return {
      version: 1,
      exportedMs: unixTimeMs(),
      bans: this.#bans.export(),
      known: this.#known.export(),
      allowed: [...this.#allowed.keys()],
    };
  }

  /**
   * Adds what another guard has exported. Time that has passed since then counts.
   *
   * @throws RangeError `ERR_OUT_OF_RANGE` for anything else; then nothing is added
   */
  import(exported: ExportedGuard): void {
    const passedMs = checkExported(exported);
    checkInteger(
      "The number of allowed networks",
      new Set([...this.#allowed.keys(), ...exported.allowed]).size,
      0,
      MAX_ALLOWED,
    );
    this.#bans.import(exported.bans, passedMs);
    this.#known.import(exported.known, passedMs);
    for (const network of exported.allowed) this.allow(network);
    if (this.isUnderAttack) this.#feedAll();
  }

  /** Ends a flood, if there is one, and its timers, without an event. Whoever uses it again has a guard in peace. */
  close(): void {
    this.#detector.close();
    this.#feed.clear();
  }

  #isListed(source: SourceKey): boolean {
    return this.#bans.has(source) || this.#floodBans.has(source);
  }

  get #refusedInFlood(): number {
    return this.#counters.throttled + this.#counters.banned - this.#refusedBeforeFlood;
  }

  #onFlood(figures: FloodFigures): void {
    this.#counters.floods++;
    this.#refusedBeforeFlood = this.#counters.throttled + this.#counters.banned;
    this.#events.emit("flood", figures);
    this.#feedAll();
  }

  #newFeed(): AttackFeed {
    return new AttackFeed(this.#clock, (error) => this.#events.emit("routeFailed", error));
  }

  #feedAll(): void {
    if (!this.#feed.route) return;
    for (const list of [this.#floodBans, this.#bans]) {
      for (const [source, leftMs] of list.export()) this.#feed.add("banned", source, leftMs);
    }
    for (const [source, leftMs] of this.#known.export()) this.#feed.add("known", source, leftMs);
  }

  #wasBanned(source: SourceKey, ms: number): void {
    this.#events.emit("banned", nameOf(source), ms);
    if (this.isUnderAttack) this.#feed.add("banned", nameOf(source), Number.isFinite(ms) ? ms : null);
  }

  #isExempt({ groups }: Origin): boolean {
    if (!groups) return false;
    if (isLoopback(groups)) return true;
    for (const network of this.#allowed.values()) if (network.has(groups)) return true;
    return false;
  }

  /** Takes a connection from the rates of an address and its network. @returns who is over its rate, null if none is */
  #takeFrom({ address, source, network }: Origin): SourceKey | null {
    // Many addresses of a /64 are one source, which is charged for each of them.
    if (!this.#take(address)) return source;
    // An address that is over its rate takes nothing from its neighbours.
    return network === null || this.#take(network) ? null : network;
  }

  /** Takes a connection from the rate of a source that has proved itself, whatever its neighbours do. */
  #takeFromKnown(source: SourceKey): SourceKey | null {
    const { addressBurst, addressPerSecond } = this.#options;
    const isTaken = this.#regulars.tryTake(source, addressBurst * KNOWN_FACTOR, addressPerSecond * KNOWN_FACTOR);
    return isTaken ? null : source;
  }

  #take(who: SourceKey): boolean {
    return this.#visitors.tryTake(who, this.#burstOf(who), this.#options.addressPerSecond * factorOf(who));
  }

  #burstOf(who: SourceKey): number {
    return this.#options.addressBurst * factorOf(who);
  }

  /** @param who an address or a network. A network of many sources is not banned, and neither are the identities. */
  #offend(who: SourceKey, source: SourceKey): void {
    const visitors = this.#visitors;
    const visitor = visitors.entryOf(who, this.#burstOf(who));
    const now = this.#clock.now();
    let offences = visitors.value(visitor, OFFENCES);
    if (offences === 0 || now - visitors.value(visitor, FIRST_OFFENCE_MS) > OFFENCES_MS) {
      offences = 0;
      visitors.setValue(visitor, FIRST_OFFENCE_MS, now);
      this.#events.emit("throttled", nameOf(who));
    }
    offences++;
    const isBanned = offences >= BAN_OFFENCES && isSameKey(who, source) && who.kind !== Kind.Identities;
    visitors.setValue(visitor, OFFENCES, isBanned ? 0 : offences);
    if (!isBanned) return;
    this.#counters.bans++;
    this.#floodBans.add(source, this.#options.banMs);
    this.#wasBanned(source, this.#options.banMs);
  }

  #onProven(origin: Origin): void {
    this.#counters.pending--;
    this.#counters.proven++;
    this.#remember(origin);
  }

  #onEnded(origin: Origin, isProven: boolean): void {
    if (isProven) this.#remember(origin);
    else this.#counters.pending--;
  }

  /** Identities cost nothing, so a proof of one says nothing about the others. */
  #remember({ groups, source }: Origin): void {
    if (!groups || isLoopback(groups)) return;
    const { knownMs } = this.#options;
    this.#known.add(source, knownMs);
    if (this.isUnderAttack) this.#feed.add("known", nameOf(source), Number.isFinite(knownMs) ? knownMs : null);
  }
}

function originOf(text: string): Origin {
  const groups = groupsOf(hostOf(text));
  const source = sourceKeyOf(groups);
  if (!groups) return { groups, address: source, source, network: null };
  if (!isIPv4(groups)) return { groups, address: addressKeyOf(groups), source, network: source };
  return { groups, address: source, source, network: networkKeyOf(groups) };
}

/** How much more than an address it may do. */
const factorOf = ({ kind }: SourceKey): number => (kind === Kind.Network ? NETWORK_FACTOR : 1);

const definedIn = (options: Partial<GuardOptions>): Partial<GuardOptions> =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
