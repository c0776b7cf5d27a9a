import type { Clock } from "../../clock.js";
import { Channel, NetworkClient } from "../../message/index.js";
import { NetworkError } from "../../network-error.js";
import { NetworkReader, NetworkWriter } from "../../serialization/index.js";
import type { MemberValues } from "../behaviour/member-values.js";
import { NetworkBehaviour } from "../behaviour/network-behaviour.js";
import { InputClock } from "../input/input-clock.js";
import { SentPackets } from "../input/sent-packets.js";
import type { DefinedPrediction } from "../prediction/defined-prediction.js";
import { StepRunner } from "../prediction/step-runner.js";
import { type ControlledBehaviour, emptyReport, readReport, writeControlled } from "../wire/input-format.js";
import { InputMessage, KIND_BITS, RecordKind } from "../wire/object-messages.js";
import { bytesToSend } from "../wire/written-bytes.js";
import type { SharedObject } from "../world/shared-world.js";
import { ClientControl, type ControlOwner } from "./client-control.js";
import type { ClientObject } from "./client-object.js";
import { ClientSpawns } from "./client-spawns.js";
import { EndedControl } from "./ended-control.js";
import { HostControl, type HostControlOwner } from "./host-control.js";
import type { ObjectClient } from "./object-client.js";

/** After a pause that long, as of a hidden tab, its time was not lived through: it has no inputs. */
const PAUSE_MS = 300;
/** The server sees what has come at its ticks: inputs came half a tick before that, on average. */
const UNSEEN_TICKS = 0.5;
/** So long before its time a timer may fire. */
const TIMER_MS = 0.001;

/** A prediction that brings what a client needs for it. */
export interface ClientPredictionDefinition extends DefinedPrediction {
  onClient(client: NetworkClient, world: ObjectClient): ClientPrediction;
}

/** Has one behaviour at a time follow this client's inputs at once, ahead of the server. */
export class ClientPrediction implements ControlOwner, HostControlOwner {
  readonly runner: StepRunner;
  /** What its steps have spawned. */
  readonly spawns: ClientSpawns;
  readonly report: (error: unknown) => void;
  readonly #client: NetworkClient;
  readonly #world: ObjectClient;
  readonly #clock: Clock;
  readonly #reader = new NetworkReader();
  readonly #writer = new NetworkWriter({ sizeBytes: 1400 });
  readonly #body = new NetworkWriter({ sizeBytes: 1400 });
  readonly #sent = new SentPackets();
  readonly #head: ControlledBehaviour = { netId: 0, behaviour: 0, tick: 0 };
  readonly #reportRead = emptyReport();
  #inputClock: InputClock | null = null;
  #control: ClientControl | null = null;
  /** In a host that shares its instances: what it controls in place of that. */
  #hostControl: HostControl | null = null;
  /** Those of what it controlled before. */
  #endedCorrections = 0;
  /** What it controlled before and the server's values have not come of. */
  #ended: EndedControl[] = [];
  #timer: unknown;
  #lastRunMs = 0;

  constructor(client: NetworkClient, world: ObjectClient) {
    this.#client = client;
    this.#world = world;
    this.#clock = NetworkClient.clockOf(client);
    this.report = world.report;
    this.spawns = new ClientSpawns(world);
    this.runner = new StepRunner((prefab, init, order) => {
      const object = this.spawns.spawn({ tick: this.runner.tick, order }, prefab, init);
      return { ...object.behaviours, identity: object.identity };
    }, world.report);
    world.extensions.set(RecordKind.EndOfControl, (reader) => this.spawns.confirm(reader.readUint32()));
  }

  get frame(): number {
    return this.#world.frame;
  }

  get tickPart(): number {
    return this.#inputClock?.partAt(this.now()) ?? 1;
  }

  /** The tick that is shown of the controlled behaviour, with a fraction; null while nothing is controlled. */
  get shownTick(): number | null {
    if (this.#hostControl) return Math.floor(this.#client.time.tick) - 1 + this.#hostControl.tickPart;
    const clock = this.#control && this.#inputClock;
    return clock ? clock.tick - 1 + clock.partAt(this.now()) : null;
  }

  now(): number {
    return this.#clock.now();
  }

  /** What this client controls. */
  get control(): ClientControl | null {
    return this.#control;
  }

  /** How many times the server had other values than those predicted. */
  get corrections(): number {
    return this.#endedCorrections + (this.#control?.corrections ?? 0);
  }

  /** Begins to control the behaviour at a place of an object. @returns a function that ends it */
  start(object: ClientObject, index: number, prediction: DefinedPrediction, sample: () => unknown): () => void {
    if (!object.isOwner) throw new NetworkError("ERR_STATE", "A client controls only objects that it owns");
    const { ticksPerSecond } = this.#client.time;
    if (ticksPerSecond === 0) throw new NetworkError("ERR_STATE", "The server has no tickRate: nothing is predicted");
    this.#end();
    if (object.shared) return this.#startShared(object, object.shared, index, prediction, sample);
    this.#sent.clear();
    this.runner.dt = 1 / ticksPerSecond;
    const control = new ClientControl(this, object, index, prediction, sample);
    this.#control = control;
    NetworkBehaviour.setShownSource(object.parts[index] as NetworkBehaviour, control);
    this.#run();
    return () => {
      if (this.#control === control) this.#end();
    };
  }

  #startShared(
    object: ClientObject,
    shared: SharedObject,
    index: number,
    prediction: DefinedPrediction,
    sample: () => unknown,
  ): () => void {
    const { ticksPerSecond } = this.#client.time;
    const control = new HostControl(this, object, shared, index, prediction, sample, ticksPerSecond);
    this.#hostControl = control;
    NetworkBehaviour.setShownSource(control.behaviour, control);
    this.#world.host?.control(control);
    return () => {
      if (this.#hostControl === control) this.#stopControl();
    };
  }

  viewTick(): number | null {
    return this.#world.viewTick();
  }

  /** The object is not this client's any more: it has the server's values. */
  lost(object: ClientObject): void {
    for (const ended of this.#ended) if (object.values.includes(ended.values)) ended.arrived();
    this.#ended = this.#ended.filter(({ values }) => !object.values.includes(values));
    if (this.#hostControl?.object === object) this.#stopControl();
    if (this.#control?.object !== object) return;
    this.#stopControl(object.spawnTick);
    this.spawns.endAfterMessage(this.#inputClock?.tick ?? 0);
  }

  /** State has come for an object: what is predicted of it stays. */
  restore(): void {
    this.#control?.restore();
    if (this.#ended.length > 0) this.#ended = this.#ended.filter((ended) => !ended.arrived());
  }

  /** The connection is away: the time of inputs begins again after it. */
  suspend(): void {
    if (this.#inputClock) this.spawns.suspend(this.#inputClock.tick);
    this.#inputClock = null;
    this.#sent.clear();
  }

  stop(): void {
    this.#stopControl();
    this.#ended = [];
    this.#inputClock = null;
  }

  /** Takes what the server says of the controlled behaviour. */
  receive(bytes: Uint8Array): void {
    const report = this.#reportRead;
    const reader = this.#reader;
    reader.reset(bytes);
    readReport(reader, report);
    const control = this.#control;
    if (control?.object.item === report.item && control.index === report.behaviour) {
      if (report.earlyTicks !== null) {
        this.#sent.report(report.arrivedTick, report.received);
        this.#inputClock?.report(report.arrivedTick, report.earlyTicks + UNSEEN_TICKS);
      }
      control.confirm(report.tick, reader, report.isExact);
      this.#world.announce();
    }
    this.spawns.used(report.tick, report.spawned);
  }

  /** Ends the control, and tells the server. */
  #end(): void {
    const control = this.#control;
    this.#stopControl();
    if (!control) return;
    const body = this.#body;
    body.reset();
    this.#writeHead(control, this.#inputClock?.tick ?? 0);
    this.#world.writeCall(RecordKind.EndOfControl, body);
  }

  /** @param valuesTick since when the controlled behaviour has the server's values; null: they come later */
  #stopControl(valuesTick: number | null = null): void {
    const control = this.#control;
    if (control) {
      this.#endedCorrections += control.corrections;
      const { index, object } = control;
      const ended = this.#endedControl(control, object.values[index] as MemberValues);
      object.timelineOf(index)?.restart(control.prediction.members.mask, valuesTick);
      ended.begin();
      if (valuesTick === null) this.#ended.push(ended);
    } else if (this.#hostControl) {
      const { index, shared } = this.#hostControl;
      this.#endedControl(this.#hostControl, shared.values[index] as MemberValues).begin();
      this.#world.host?.control(null);
    }
    this.#control = this.#hostControl = null;
    this.#clock.clearTimeout(this.#timer);
  }

  #endedControl(control: ClientControl | HostControl, values: MemberValues): EndedControl {
    const { index, object, prediction } = control;
    const timeline = object.timelineOf(index);
    const ended = new EndedControl({ prediction, values, control, timeline, now: () => this.now() });
    NetworkBehaviour.setShownSource(object.parts[index] as NetworkBehaviour, ended);
    return ended;
  }

  /** Takes the inputs that are due. */
  readonly #run = (): void => {
    const { time, player } = this.#client;
    const now = this.#clock.now();
    this.#clock.clearTimeout(this.#timer);
    const isPause = now - this.#lastRunMs > PAUSE_MS;
    this.#lastRunMs = now;
    if (!player?.isAuthenticated || !time.isSynchronized) {
      this.#timer = this.#clock.setTimeout(this.#run, 1000 / time.ticksPerSecond);
      return;
    }
    if (!this.#inputClock) {
      this.#inputClock = new InputClock(time.ticksPerSecond);
      this.#inputClock.start(now, time.tick, time.roundTripTimeMs / 2);
    }
    const clock = this.#inputClock;
    clock.loss = this.#sent.lostPart;
    const due = clock.advance(now);
    if (due > 0 && !isPause) this.#predict(clock.tick, due);
    if (this.#control) this.#timer = this.#clock.setTimeout(this.#run, clock.msUntilNext(now) + TIMER_MS);
  };

  #predict(tick: number, count: number): void {
    const control = this.#control;
    for (let before = count - 1; before >= 0; before--) {
      const due = (tick - before) >>> 0;
      // A sample or a step may end the control.
      if (control && this.#control === control) control.predict(due);
      // Each in a packet of its own, which says what was shown.
      if (control && this.#control === control) this.#send(control, due);
    }
    this.#world.announce();
  }

  #send(control: ClientControl, tick: number): void {
    const body = this.#body;
    body.reset();
    this.#writeHead(control, tick);
    const shownTick = this.#world.viewTick();
    control.writeInputs(body, shownTick === null ? 0 : tick - shownTick);
    const writer = this.#writer;
    writer.reset();
    writer.writeBits(RecordKind.Inputs, KIND_BITS);
    writer.writePacked(body.bitLength);
    writer.copyFrom(body, 0, body.bitLength);
    writer.writeBits(RecordKind.End, KIND_BITS);
    this.#client.player?.send(InputMessage, bytesToSend(writer), Channel.Unreliable);
    this.#sent.send(tick);
  }

  #writeHead({ index, object: { netId } }: ClientControl, tick: number): void {
    this.#head.netId = netId;
    this.#head.behaviour = index;
    this.#head.tick = tick;
    writeControlled(this.#body, this.#head);
  }
}
