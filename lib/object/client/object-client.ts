import { invalidType } from "../../arguments.js";
import { EventHub } from "../../event-hub.js";
import { type INetworkPlayer, NetworkClient } from "../../message/index.js";
import { NetworkError } from "../../network-error.js";
import { NetworkReader, type NetworkWriter } from "../../serialization/index.js";
import { readChanges, readFullState } from "../behaviour/identity-state.js";
import type { MemberValues } from "../behaviour/member-values.js";
import type { NetworkBehaviour } from "../behaviour/network-behaviour.js";
import { References } from "../behaviour/references.js";
import { ItemMap } from "../collections/item-map.js";
import type { ShownTime } from "../timeline/shown-time.js";
import { readSilentTicks } from "../wire/latest-format.js";
import type { Layouts, WireLayouts } from "../wire/layouts.js";
import type { ObjectLayout } from "../wire/object-layout.js";
import { KIND_BITS, RecordKind, readSpawnTag, readStaticName } from "../wire/object-messages.js";
import { NotedValues } from "../world/noted-values.js";
import type { WorldObjectOwner } from "../world/world-object.js";
import { ClientObject, type ClientObjectOwner } from "./client-object.js";
import type { ClientObjectEvents, UnspawnReason } from "./client-object-events.js";
import type { ClientPrediction } from "./client-prediction.js";
import type { HostWorld } from "./host-world.js";
import { ItemLayouts, MAX_OBJECTS } from "./item-layouts.js";
import { readLatestInOrder, readLatestRecords } from "./latest-records.js";
import { OwnerSender } from "./owner-sender.js";
import { WaitingObjects } from "./waiting-objects.js";

/** A world that nobody draws goes on that often. */
const UNDRAWN_MS = 250;
/** An object whose RPC is called. */
export type Called = Pick<ClientObject, "netId" | "parts" | "layout">;
type Call = WorldObjectOwner<Called>["call"];

/** The world of a client: it applies what the server sends. */
export class ObjectClient implements ClientObjectOwner {
  readonly events: EventHub<ClientObjectEvents>;
  readonly byNetId = new Map<number, ClientObject>();
  readonly #byItem = new ItemMap<ClientObject>();
  readonly #layoutOf = new ItemLayouts((item) => this.#byItem.has(item));
  readonly layouts: Layouts;
  /** What the server's program has, too. It stays the same while there are objects. */
  wire: WireLayouts;
  readonly report: (error: unknown) => void;
  readonly #client: NetworkClient;
  readonly #reader = new NetworkReader();
  readonly #references = new References(false, (netId, index) => this.byNetId.get(netId)?.parts[index] ?? null);
  readonly #sender: OwnerSender;
  character: ClientObject | null = null;
  /** Null where no member is interpolated: what has arrived is shown at once. */
  readonly shown: ShownTime | null;
  /** Goes up whenever something else is shown. */
  frame = 0;
  /** That of the values that were applied last. */
  #tick = 0;
  #updatedMs = Number.NEGATIVE_INFINITY;
  readonly #noted = new NotedValues();
  /** The members of each behaviour that were read last. */
  readonly #found: number[] = [];
  /** Objects of this batch that have not been announced. */
  #fresh: ClientObject[] = [];
  /** What was there before a reset, and has not come again. */
  #stale: Set<ClientObject> | null = null;
  /** The behaviours of objects, and the objects that wait for them. */
  readonly waiting: WaitingObjects;
  /** The object that waits and of which a record was just read. */
  #held: ClientObject | null = null;
  #isReplay = false;
  /** The number of the last character that was announced. */
  #characterNumber = 0;
  /** In a host: the server's world. */
  host: HostWorld | null = null;
  /** What this client controls, and what its steps have spawned. Null where it predicts nothing. */
  prediction: ClientPrediction | null = null;
  /** What runs a call: the calls' runtime. */
  onCall: Call | null = null;
  /** Reads the records of other layers. */
  readonly extensions = new Map<RecordKind, (reader: NetworkReader, tick: number) => void>();
  /** The object is not there any more: the calls' runtime hears of it. */
  onUnspawned: (object: ClientObject) => void = () => {};

  constructor(client: NetworkClient, layouts: Layouts, report: (error: unknown) => void) {
    this.#client = client;
    this.layouts = layouts;
    this.wire = layouts.whole;
    this.report = report;
    this.#sender = new OwnerSender(client);
    const [interpolated] = layouts.all.flatMap((layout) => layout.interpolated);
    const shown = interpolated?.member.options.interpolate?.shownTime(layouts.intervalTicks);
    this.shown = (shown as ShownTime | undefined) ?? null;
    this.waiting = new WaitingObjects({
      clock: NetworkClient.clockOf(client),
      report,
      askAgain: (netId) => {
        this.#sender.beginCall().writeUint32(netId);
        this.#sender.endCall(RecordKind.Again);
        this.#sender.plan();
      },
      replay: (records, reader, object) => this.read("What was held", () => this.#replay(records, reader, object)),
    });
    this.events = new EventHub(["spawned", "adopted", "unspawned", "characterChanged", "worldReady"], report);
  }

  get player(): INetworkPlayer | null {
    return this.#client.player;
  }

  changed(object: ClientObject): void {
    this.#sender.add(object);
    this.#sender.plan();
  }

  noted(values: MemberValues): void {
    this.#noted.add(values);
  }

  call(...call: Parameters<Call>): unknown {
    if (this.onCall) return this.onCall(...call);
    throw new NetworkError("ERR_STATE", "This manager runs no calls");
  }

  /** Writes a record of calls, behind what this client has set. */
  writeCall(kind: RecordKind, body: NetworkWriter): void {
    this.#sender.writeChanged();
    this.#sender.beginCall().copyFrom(body, 0, body.bitLength);
    this.#sender.endCall(kind);
    this.#sender.plan();
  }

  startControl(object: ClientObject, behaviour: object, prediction: object, sample: () => unknown): () => void {
    const index = object.indexOf(behaviour);
    const known = this.layouts.predictions.get(object.layout.definitions[index] as never);
    if (!this.prediction || known !== prediction) {
      throw invalidType("The prediction is not among the predictions of this manager");
    }
    return this.prediction.start(object, index, known, sample);
  }

  lost(object: ClientObject): void {
    this.prediction?.lost(object);
  }

  /** The object of a number on the wire, null where this client does not have it. */
  objectOf(item: number): ClientObject | null {
    const object = this.#byItem.get(item) ?? null;
    if (object?.isWaiting) this.#held = object;
    return object;
  }

  get #nowMs(): number {
    return NetworkClient.clockOf(this.#client).now();
  }

  /** The server's tick that is shown, for the server to know what this client sees; null for what has arrived. */
  viewTick(): number | null {
    return this.shown?.tick ?? null;
  }

  /** Goes on to the present with what is shown. */
  update(): void {
    this.#updatedMs = this.#nowMs;
    this.frame++;
    this.shown?.update(this.#updatedMs);
  }

  /** Calls `run` when the time that is shown has come to `tick`, and before the object goes. */
  whenShown(object: object, run: () => void, tick: number = this.#tick): void {
    const { shown } = this;
    if (!shown || shown.tick === null || tick <= shown.tick) run();
    else shown.waiting.add(tick, object, () => this.#runAsHost(run));
  }

  #runAsHost(run: () => void): void {
    if (this.host) this.host.run(run);
    else run();
  }

  /** Something has come. Where nothing is drawn, what waits for its time to be shown must not wait for ever. */
  updateUndrawn(): void {
    if (this.#nowMs - this.#updatedMs >= UNDRAWN_MS) this.update();
  }

  /** Sends what this client has set. */
  send(): void {
    this.#sender.send();
  }

  /** Reads what has come. The connection ends if that cannot be read. */
  read(what: string, read: () => void): void {
    const held = this.#held;
    try {
      this.#runAsHost(read);
    } catch (error) {
      // Any other error comes from a codec of the application that is faulty itself.
      if (!(error instanceof NetworkError)) throw error;
      NetworkClient.unreadable(this.#client, `${what} cannot be read: ${error.message}`);
    } finally {
      // What a call outside of the order needs may be missing: it is dropped then.
      this.#held = held;
    }
  }

  /** Sends the ordered changes of all objects, and what was called. */
  flush(): void {
    this.#sender.writeChanged();
    this.#sender.flush();
  }

  /** Applies an ordered message. */
  receiveOrdered(bytes: Uint8Array): void {
    const reader = this.#reader;
    reader.reset(bytes);
    const tick = reader.readUint32();
    this.#tick = tick;
    this.#sender.appliedBatches++;
    this.#sender.isApplying = true;
    try {
      for (;;) {
        const kind: RecordKind = reader.readBits(KIND_BITS);
        if (kind === RecordKind.End) break;
        const start = reader.bitPosition;
        // The functions in the others would be an object for each record.
        if (kind === RecordKind.State) this.#readState(reader);
        else this.#readRecord(kind, tick, reader);
        if (!this.#held) continue;
        this.waiting.hold(this.#held, kind, tick, bytes, start, reader.bitPosition);
        this.#held = null;
      }
    } finally {
      this.#sender.isApplying = false;
      this.#held = null;
    }
    this.announce();
    this.prediction?.spawns.settle();
  }

  /** The behaviours of an object are there: applies what has come for it. */
  #replay(records: readonly { kind: RecordKind; tick: number }[], reader: NetworkReader, waited: ClientObject): void {
    this.#isReplay = true;
    try {
      for (const [index, { kind, tick }] of records.entries()) {
        // What came together is one batch for listeners.
        if (index > 0 && records[index - 1]?.tick !== tick) this.announce();
        if (kind === RecordKind.State) this.#readState(reader);
        else this.#readRecord(kind, tick, reader);
      }
    } finally {
      this.#isReplay = false;
    }
    const object = this.byNetId.get(waited.netId);
    if (object) {
      for (const [index, { latestMask }] of object.layout.definitions.entries()) {
        object.values[index]?.copyFrom(waited.values[index] as MemberValues, latestMask);
      }
      object.appear(records.at(-1)?.tick ?? object.spawnTick);
    }
    this.announce();
  }

  /** Applies latest state. */
  receiveLatest(bytes: Uint8Array): void {
    const reader = this.#reader;
    reader.reset(bytes);
    const { shown } = this;
    const tick = reader.readUint32();
    this.#tick = tick;
    const silentTicks = readSilentTicks(reader);
    shown?.arrived(tick, silentTicks, this.#nowMs, this.#client.time.ticksPerSecond);
    const count = readLatestRecords(bytes, reader, tick, this.#byItem, this.#layoutOf);
    if (count === null) return;
    shown?.applied(tick, count);
    this.prediction?.restore();
    this.announce();
  }

  /** A batch is applied so far: calls listeners, and announces new objects. */
  announce(): void {
    this.#noted.deliver(this.report);
    this.prediction?.spawns.announce();
    const fresh = this.#fresh;
    if (fresh.length === 0) return;
    this.#fresh = [];
    for (const object of fresh) {
      if (!object.isSpawned) continue;
      if (object.isOwner) this.#callEach(object, (part) => part.ownerChanged?.(object.owner));
      this.#callEach(object, (part) => part.startClient?.());
      if (object.isOwner) this.#callEach(object, (part) => part.startOwner?.());
    }
    for (const object of fresh) if (object.isSpawned) this.events.emit("spawned", object.identity);
    this.#noted.deliver(this.report);
  }

  #clearShown(): void {
    this.frame++;
    this.shown?.clear();
  }

  /** The connection is over. */
  stop(): void {
    this.prediction?.spawns.end();
    for (const object of [...this.byNetId.values()]) this.#unspawn(object, "hidden");
    this.#byItem.clear();
    this.#layoutOf.clear();
    this.#noted.clear();
    this.#fresh = [];
    this.#stale = null;
    this.#clearShown();
    this.waiting.clear();
    this.#sender.reset();
  }

  #readRecord(kind: RecordKind, tick: number, reader: NetworkReader): void {
    switch (kind) {
      case RecordKind.Spawn:
        this.#readSpawn(tick, reader);
        return;
      case RecordKind.Correction: {
        const object = this.#readObject(reader);
        readChanges(reader, object.values, object.audience.visible, this.#found);
        object.record(tick, this.#found, Number.NEGATIVE_INFINITY);
        this.#sender.spawned = true;
        return;
      }
      case RecordKind.Latest:
        readLatestInOrder(reader, tick, this.#readObject(reader));
        this.#sender.spawned = true;
        return;
      case RecordKind.Owner: {
        const object = this.#readObject(reader);
        const isOwner = object.readOwner(tick, reader);
        this.#sender.spawned = true;
        this.announce();
        if (object.isOwner === isOwner) return;
        object.setIsOwner(isOwner);
        this.#callEach(object, (part) => part.ownerChanged?.(object.owner));
        if (isOwner) this.#callEach(object, (part) => part.startOwner?.());
        return;
      }
      case RecordKind.Scope: {
        const object = this.#readObject(reader);
        object.readScope(tick, reader);
        this.#sender.spawned ||= object.audience.layout.hasScopedLatest;
        return;
      }
      case RecordKind.Despawn: {
        const object = this.#readObject(reader);
        const isDestroyed = reader.readBoolean();
        this.announce();
        if (object.isWaiting) {
          this.#held = null;
          this.#byItem.delete(object.item);
          this.waiting.end(object);
          return;
        }
        this.#unspawn(object, isDestroyed ? "destroyed" : "hidden");
        return;
      }
      case RecordKind.Character: {
        const number = reader.readPacked();
        this.announce();
        if (!this.#isReplay) this.#characterNumber = number;
        const character = number === 0 ? null : this.objectOf(number - 1);
        // What was held is out of date when another has come since.
        if (character?.isWaiting || number !== this.#characterNumber) return;
        const before = this.character;
        if (character === before) return;
        this.character = character;
        this.events.emit("characterChanged", this.character?.identity ?? null, before?.identity ?? null);
        return;
      }
      case RecordKind.Reset:
        this.shown?.waiting.runAll();
        this.#stale = new Set(this.byNetId.values());
        this.#byItem.clear();
        this.#layoutOf.clear();
        this.layouts.seesAll = false;
        this.#clearShown();
        this.waiting.clear();
        this.#sender.begin();
        this.prediction?.spawns.begin();
        return;
      case RecordKind.WorldReady:
        this.announce();
        for (const object of this.#stale ?? []) this.#unspawn(object, "hidden");
        this.#stale = null;
        this.prediction?.spawns.worldReady();
        this.waiting.whenSettled(() => this.events.emit("worldReady"));
        return;
      default: {
        const read = this.extensions.get(kind);
        if (!read) throw new NetworkError("ERR_BAD_VALUE", `There is no record ${kind}`);
        this.announce();
        read(reader, tick);
      }
    }
  }

  #readState(reader: NetworkReader): void {
    const { audience, values } = this.#readObject(reader);
    readChanges(reader, values, audience.ordered);
  }

  #readSpawn(tick: number, reader: NetworkReader): void {
    const item = reader.readPacked();
    const netId = reader.readUint32();
    const wire = this.wire.all[reader.readPacked()];
    if (!wire) throw new NetworkError("ERR_BAD_VALUE", "A spawn of a prefab that does not exist");
    const layout = this.layouts.of(wire.prefab);
    const staticName = readStaticName(reader);
    const tag = readSpawnTag(reader);
    const isOwner = reader.readBoolean();
    const known = this.byNetId.get(netId);
    // A number is one object's, and an object has one number.
    const before = this.#byItem.get(item);
    const isOther = known && (known.layout !== layout || (known !== before && this.#byItem.get(known.item) === known));
    if (isOther || (before && before.netId !== netId)) {
      throw new NetworkError("ERR_BAD_VALUE", `There is an object ${item} already`);
    }
    // After a reset there are those of before as well.
    if (!before && (this.#byItem.size >= MAX_OBJECTS || this.byNetId.size >= 2 * MAX_OBJECTS)) {
      throw new NetworkError("ERR_LIMIT", `There are more than ${MAX_OBJECTS} objects`);
    }
    const spawns = this.#isReplay ? null : this.prediction?.spawns;
    const adopted = (tag && spawns?.adopt(tag, layout, known ? 0 : netId)) ?? null;
    const object = known ?? adopted ?? this.#newObject(netId, layout, staticName);
    this.#stale?.delete(object);
    object.item = item;
    object.spawnTick = tick;
    this.#byItem.set(item, object);
    this.#layoutOf.set(item, wire);
    const wasOwner = object.isOwner;
    object.setIsOwner(isOwner);
    if (!object.isWaiting) for (const values of object.values) values.references = this.#references;
    object.setAudience(wire.readAudience(reader, isOwner));
    readFullState(reader, object.values, object.audience.visible);
    object.appear(tick);
    this.#sender.spawned = true;
    if (object.isWaiting) {
      this.waiting.waits(netId, object);
      this.#held = object;
      return;
    }
    if (known) {
      if (wasOwner !== isOwner) this.#callEach(object, (part) => part.ownerChanged?.(object.owner));
      return;
    }
    this.byNetId.set(netId, object);
    this.#references.appeared(netId);
    if (!adopted) this.appeared(object);
    else if (wasOwner !== isOwner) this.#callEach(object, (part) => part.ownerChanged?.(object.owner));
  }

  /** An object has its values, and is announced behind what is read with it. */
  appeared(object: ClientObject): void {
    object.isSpawned = true;
    this.#fresh.push(object);
  }

  #newObject(netId: number, layout: ObjectLayout, staticName: string | null): ClientObject {
    const shared = this.host?.find(netId) ?? null;
    const made = shared ? null : this.waiting.begin(netId, layout, staticName);
    return new ClientObject(this, layout, netId, { shared, made, staticName });
  }

  #readObject(reader: NetworkReader): ClientObject {
    const item = reader.readPacked();
    const object = this.objectOf(item);
    if (object) return object;
    throw new NetworkError("ERR_BAD_VALUE", `There is no object ${item}`);
  }

  /** The server has not spawned what a step has. */
  reject(object: ClientObject): void {
    if (object.isSpawned) this.#unspawn(object, "rejected");
  }

  #unspawn(object: ClientObject, reason: UnspawnReason): void {
    this.shown?.waiting.gone(object);
    if (object.isOwner) {
      object.setIsOwner(false);
      this.#callEach(object, (part) => part.ownerChanged?.(null));
    }
    this.#callEach(object, (part) => part.stopClient?.());
    if (this.#byItem.get(object.item) === object) this.#byItem.delete(object.item);
    this.byNetId.delete(object.netId);
    this.prediction?.spawns.objects.delete(object);
    object.isSpawned = false;
    if (this.character === object) {
      this.character = null;
      this.events.emit("characterChanged", null, object.identity);
    }
    this.events.emit("unspawned", object.identity, reason);
    this.onUnspawned(object);
    this.#references.gone(object.netId);
    object.release();
    this.host?.unspawned(object);
    if (!object.isShared) this.waiting.release(object);
  }

  #callEach(object: ClientObject, call: (part: NetworkBehaviour) => void): void {
    object.callEach(call, this.report);
  }
}
