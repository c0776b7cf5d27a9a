import { rangeError } from "../../arguments.js";
import { Channel, type INetworkPlayer, NetworkServer } from "../../message/index.js";
import { NetworkError } from "../../network-error.js";
import { type NetworkReader, NetworkWriter } from "../../serialization/index.js";
import { runAs } from "../behaviour/callback-side.js";
import type { MemberValues } from "../behaviour/member-values.js";
import type { NetworkBehaviour } from "../behaviour/network-behaviour.js";
import type { Prefab } from "../behaviour/prefab.js";
import { InputBuffer } from "../input/input-buffer.js";
import { InputViews } from "../input/input-views.js";
import type { DefinedPrediction } from "../prediction/defined-prediction.js";
import { type SpawnInit, StepRunner } from "../prediction/step-runner.js";
import {
  type ControlledBehaviour,
  emptyReport,
  readControlled,
  readInputs,
  readView,
  writeReport,
} from "../wire/input-format.js";
import { PredictedMessage, RecordKind } from "../wire/object-messages.js";
import { bytesToSend } from "../wire/written-bytes.js";
import type { ObjectPlayer } from "./object-player.js";
import type { ObjectServer } from "./object-server.js";
import type { OwnerState } from "./owner-state.js";
import type { PlayerControl } from "./player-control.js";
import type { ServerObject, StepSpawn } from "./server-object.js";

/** So long the values are exact that a player gets after it has lost track: it begins, or an input was missing. */
const EXACT_TICKS = 16;

/** What has become of the inputs of a player. */
export interface InputMetrics {
  /** Inputs that came too late, or for a tick too far ahead. */
  dropped: number;
  /** Ticks without an input of their own, after the first one. */
  missing: number;
}

/** Adds an object that a step spawns to the world. */
export type ServerStepSpawner = (prefab: Prefab, init: SpawnInit | null, step: StepSpawn) => object;

/** The inputs of a server's players: each of them moves what it controls, by one input a tick. */
export class ServerInputs {
  readonly #server: NetworkServer;
  readonly #world: ObjectServer;
  readonly #ownerState: OwnerState;
  readonly #runner: StepRunner;
  readonly #tickRate: number;
  #steppedTick = -1;
  readonly #head: ControlledBehaviour = { netId: 0, behaviour: 0, tick: 0 };
  readonly #report = emptyReport();
  readonly #writer = new NetworkWriter({ sizeBytes: 1400 });
  /** Whose step runs. */
  #stepping: ObjectPlayer | null = null;
  /** What is read at present, for `#readInput`. */
  #reader: NetworkReader | null = null;
  #buffer: InputBuffer<unknown> | null = null;

  /** @throws RangeError for predictions without a tick rate */
  constructor(server: NetworkServer, world: ObjectServer, ownerState: OwnerState, spawner: ServerStepSpawner) {
    this.#server = server;
    this.#world = world;
    this.#ownerState = ownerState;
    this.#tickRate = NetworkServer.tickRateOf(server);
    this.#runner = new StepRunner((prefab, init, order) => {
      const { player } = this.#stepping as ObjectPlayer;
      return spawner(prefab, init, { player, tick: this.#runner.tick, order });
    }, world.report);
    if (world.layouts.predictions.size === 0) return;
    if (this.#tickRate === 0) throw rangeError("The tickRate of a server with predictions", "above 0");
    this.#runner.dt = 1 / this.#tickRate;
    ownerState.extensions.set(RecordKind.Inputs, (player, reader) => this.#receive(player, reader));
    ownerState.extensions.set(RecordKind.EndOfControl, (player, reader) => this.#receiveEnd(player, reader));
    world.sendPredicted = (player) => this.#send(player);
  }

  /** Runs the steps of a tick. */
  run(): void {
    const { tick } = this.#server;
    this.#runner.tick = tick;
    this.#steppedTick = tick;
    for (const player of this.#world.players.values()) {
      if (player.isShared) this.#runShared(player);
      const control = this.#controlOf(player);
      if (!control) continue;
      const { buffer, index, object, prediction, views } = control;
      const input = buffer.take(tick);
      // It begins with the first input that is in time.
      if (buffer.lastUsedTick === null) continue;
      if (buffer.lastUsedTick !== tick) control.exactUntil = (tick + EXACT_TICKS) >>> 0;
      views.find(tick);
      if (views.behind > 0) player.viewTick = tick - views.behind;
      player.waitedTicks = 1 + views.waited;
      this.#runStep(player, object, index, prediction, input);
    }
  }

  /** What the client in this process controls: its input of this tick is there. */
  #runShared(player: ObjectPlayer): void {
    const { control } = this.#world.share;
    if (!control) return;
    const object = this.#world.byNetId.get(control.shared.netId);
    if (object?.owner !== player.player) return;
    player.viewTick = control.viewTick();
    this.#runStep(
      player,
      object,
      control.index,
      control.prediction,
      runAs("client", () => control.takeInput()),
    );
    control.stepped();
  }

  #runStep(player: ObjectPlayer, object: ServerObject, index: number, prediction: DefinedPrediction, input: unknown) {
    this.#stepping = player;
    const part = object.parts[index] as NetworkBehaviour;
    this.#runner.run(prediction, part, object.values[index] as MemberValues, input);
  }

  metricsOf(player: INetworkPlayer): InputMetrics {
    const metrics = { dropped: 0, missing: 0 };
    for (const { dropped, missing } of this.#world.players.get(player)?.inputs.values() ?? []) {
      metrics.dropped += dropped;
      metrics.missing += missing;
    }
    return metrics;
  }

  /** Reads inputs. @throws NetworkError for what cannot be read */
  #receive(player: ObjectPlayer, reader: NetworkReader): void {
    const head = this.#head;
    readControlled(reader, head);
    const object = this.#ownerState.ownedBy(player, head.netId);
    if (!object) return;
    const prediction = this.#world.layouts.predictions.get(object.layout.definitions[head.behaviour] as never);
    if (!prediction) throw new NetworkError("ERR_BAD_VALUE", `There is no prediction of behaviour ${head.behaviour}`);
    const control = this.#controlFor(player, object, prediction);
    if (!control) return;
    control.views.note(head.tick, readView(reader), this.#nextTick);
    this.#reader = reader;
    this.#buffer = control.buffer;
    readInputs(reader, this.#readInput);
    control.received++;
    control.buffer.noteArrival(head.tick, this.#nextTick);
    if (((head.tick - control.newestTick) | 0) > 0) control.newestTick = head.tick;
  }

  /** The tick that is stepped next. In a room messages come between two ticks: the present one is over then. */
  get #nextTick(): number {
    const { tick } = this.#server;
    return this.#steppedTick === tick ? (tick + 1) >>> 0 : tick;
  }

  readonly #readInput = (before: number): void => {
    const tick = (this.#head.tick - before) >>> 0;
    this.#buffer?.read(tick, this.#nextTick, this.#reader as NetworkReader);
  };

  #receiveEnd(player: ObjectPlayer, reader: NetworkReader): void {
    const head = this.#head;
    readControlled(reader, head);
    const { control } = player;
    if (control?.object.netId === head.netId && control.index === head.behaviour) this.#end(control);
    player.endedTick = head.tick;
    player.endOfControl = head.tick;
  }

  /** The player's control of the behaviour that was read; null if the packet is older than what came last. */
  #controlFor(player: ObjectPlayer, object: ServerObject, prediction: DefinedPrediction): PlayerControl | null {
    const { behaviour: index, tick } = this.#head;
    const before = this.#controlOf(player);
    if (before?.object === object && before.index === index) return before;
    const lastTick = before?.newestTick ?? player.endedTick;
    if (lastTick !== null && ((tick - lastTick) | 0) <= 0) return null;
    if (before) this.#end(before);
    let buffer = player.inputs.get(prediction);
    if (!buffer) {
      buffer = new InputBuffer(this.#tickRate, prediction.input);
      player.inputs.set(prediction, buffer);
    }
    buffer.clear();
    const { mask } = prediction.members;
    const views = new InputViews();
    const exactUntil = (this.#server.tick + EXACT_TICKS) >>> 0;
    const control = {
      player,
      object,
      index,
      prediction,
      mask,
      buffer,
      views,
      newestTick: tick,
      received: 0,
      exactUntil,
    };
    player.control = control;
    object.control = control;
    return control;
  }

  /** What a player controls, unless it has lost that object. */
  #controlOf(player: ObjectPlayer): PlayerControl | null {
    const { control } = player;
    if (!control) return null;
    if (control.object.isSpawned && control.object.owner === player.player) return control;
    this.#end(control);
    return null;
  }

  #end(control: PlayerControl): void {
    const { index, mask, newestTick, object, player } = control;
    player.control = null;
    player.endedTick = newestTick;
    if (object.control === control) object.control = null;
    if (object.owner !== player.player) return;
    const masks = object.layout.definitions.map((_, place) => (place === index ? mask : 0));
    this.#world.latest.refresh(player, object.item, object.layout.toJournal(masks));
  }

  #send(player: ObjectPlayer): number {
    if (player.endOfControl !== null) {
      player.begin(RecordKind.EndOfControl, this.#server.tick).writeUint32(player.endOfControl);
      player.endOfControl = null;
    }
    const control = this.#controlOf(player);
    if (!control || !player.views.has(control.object.item)) return 0;
    const { buffer, index, mask, object, prediction } = control;
    const report = this.#report;
    report.tick = this.#server.tick;
    report.item = object.item;
    report.behaviour = index;
    report.hasInput = buffer.lastUsedTick === report.tick;
    report.isExact = ((report.tick - control.exactUntil) | 0) < 0;
    report.received = control.received & 255;
    report.spawned = player.stepSpawns;
    report.earlyTicks = null;
    buffer.takeReport(this.#takeReport);
    const writer = this.#writer;
    writer.reset();
    writeReport(writer, report);
    const values = object.values[index] as MemberValues;
    if (report.isExact) prediction.members.writeExact(writer, values);
    else values.write(writer, mask);
    player.player.send(PredictedMessage, bytesToSend(writer), Channel.Sequenced);
    return writer.byteLength;
  }

  readonly #takeReport = (tick: number, earlyTicks: number): void => {
    this.#report.arrivedTick = tick;
    this.#report.earlyTicks = earlyTicks;
  };
}
