import type { NetworkClient, NotifyCallbacks } from "../../message/index.js";
import { NetworkWriter } from "../../serialization/index.js";
import { writeMask } from "../behaviour/identity-state.js";
import type { Masks } from "../wire/object-layout.js";
import { CallsMessage, InputMessage, KIND_BITS, RecordKind } from "../wire/object-messages.js";
import { bytesToSend } from "../wire/written-bytes.js";
import type { ClientObject } from "./client-object.js";

/** A message of calls is sent when it has so many bytes. */
const BATCH_BYTES = 16_384;

/** What was set in an object and is not sent. */
interface Pending {
  readonly object: ClientObject;
  readonly masks: number[];
}

/** Sends what a client sets in the objects that it owns, and how much it has applied. */
export class OwnerSender {
  readonly #client: NetworkClient;
  readonly #calls = new NetworkWriter();
  readonly #latest = new NetworkWriter();
  readonly #body = new NetworkWriter();
  #changed: ClientObject[] = [];
  #isPlanned = false;
  /** Latest values that were lost, by object. */
  #lost = new Map<ClientObject, number[]>();
  /** The number of ordered messages since the last reset, and of those the server knows of. */
  appliedBatches = 0;
  #reportedBatches = 0;
  /** While a message is applied, what it has behind a call is not. */
  isApplying = false;
  /** Whether a spawn was among those that the server does not know of. */
  spawned = false;
  /** The number of the last latest message. */
  #sent = 0;

  constructor(client: NetworkClient) {
    this.#client = client;
  }

  /** Sends at the end of the turn: a client without traffic has no ticks. */
  plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    queueMicrotask(this.#sendPlanned);
  }

  readonly #sendPlanned = (): void => {
    this.#isPlanned = false;
    this.send();
  };

  add(object: ClientObject): void {
    this.#changed.push(object);
  }

  /** The world begins again with this ordered message. */
  begin(): void {
    this.appliedBatches = 1;
    this.#reportedBatches = 0;
    this.#lost.clear();
  }

  reset(): void {
    this.appliedBatches = this.#reportedBatches = 0;
    this.#changed = [];
    this.#lost.clear();
    this.spawned = false;
  }

  /** The writer of a record of calls, which `end` ends. */
  beginCall(): NetworkWriter {
    this.#body.reset();
    return this.#body;
  }

  endCall(kind: RecordKind): void {
    this.#append(this.#calls, kind);
    if (this.#calls.byteLength > BATCH_BYTES) this.flush();
  }

  send(): void {
    const player = this.#client.player;
    if (!player?.isAuthenticated) return;
    this.writeChanged();
    if (this.spawned && this.appliedBatches > this.#reportedBatches) this.#writeApplied(this.#calls);
    this.flush();
    this.#sendLatest();
  }

  /** Writes what was set: a call comes behind it. */
  writeChanged(): void {
    const changed = this.#changed;
    if (changed.length === 0) return;
    this.#changed = [];
    for (const object of changed) {
      object.isListed = false;
      if (object.isOwner && object.isSpawned) this.#write(object);
    }
  }

  /** Sends the calls that are written. */
  flush(): void {
    const calls = this.#calls;
    if (calls.bitLength === 0) return;
    calls.writeBits(RecordKind.End, KIND_BITS);
    this.#client.player?.send(CallsMessage, bytesToSend(calls));
    calls.reset();
  }

  #write(object: ClientObject): void {
    const { audience, values } = object;
    // What a step sets is the server's.
    if (!object.layout.fromOwner.some(Boolean)) return;
    const { layout } = audience;
    const changed = values.map((part, index) => part.settle() & (layout.fromOwner[index] as number));
    const latestOf = (index: number) => layout.definitions[index]?.latestMask ?? 0;
    const ordered = changed.map((mask, index) => mask & ~latestOf(index));
    const latest = changed.map((mask, index) => mask & latestOf(index));
    if (ordered.some(Boolean)) {
      this.#writeApplied(this.#calls);
      this.#writeRecord(this.#calls, object, ordered);
    }
    if (latest.some(Boolean)) this.#mark({ object, masks: latest });
  }

  #mark({ object, masks }: Pending): void {
    const before = this.#lost.get(object);
    this.#lost.set(
      object,
      masks.map((mask, index) => mask | (before?.[index] ?? 0)),
    );
  }

  #sendLatest(): void {
    if (this.#lost.size === 0) return;
    const marked = this.#lost;
    this.#lost = new Map();
    const writer = this.#latest;
    writer.reset();
    this.#writeApplied(writer);
    const held: Pending[] = [];
    for (const [object, masks] of marked) {
      if (!object.isOwner || !object.isSpawned) continue;
      this.#writeRecord(writer, object, masks);
      held.push({ object, masks });
    }
    if (held.length === 0) return;
    writer.writeBits(RecordKind.End, KIND_BITS);
    const number = ++this.#sent;
    for (const { object, masks } of held) object.sentLatest(masks, number);
    const markAgain = () => {
      for (const { object, masks } of held) {
        const left = object.notSentSince(masks, number);
        if (object.isOwner && object.isSpawned && left.some(Boolean)) this.#mark({ object, masks: left });
      }
    };
    const callbacks: NotifyCallbacks = {
      onDelivered: () => {},
      onLost: () => {
        markAgain();
        if (this.#lost.size > 0) this.plan();
      },
    };
    // Where there is no room now, the next tick tries again.
    if (!this.#client.player?.sendNotify(InputMessage, bytesToSend(writer), callbacks)) markAgain();
  }

  /** What follows was set when so many messages had been applied. */
  #writeApplied(writer: NetworkWriter): void {
    const batches = this.appliedBatches - (this.isApplying ? 1 : 0);
    if (writer === this.#calls) {
      this.spawned &&= this.isApplying;
      this.#reportedBatches = batches;
    }
    this.#body.reset();
    this.#body.writePacked(Math.max(batches, 0));
    this.#append(writer, RecordKind.Applied);
  }

  #writeRecord(writer: NetworkWriter, { netId, audience: { layout }, values }: ClientObject, masks: Masks): void {
    const body = this.#body;
    body.reset();
    body.writeUint32(netId);
    for (const [index, may] of layout.fromOwner.entries()) writeMask(body, masks[index] as number, may);
    for (const [index, part] of values.entries()) part.write(body, masks[index] as number);
    this.#append(writer, RecordKind.State);
  }

  #append(writer: NetworkWriter, kind: RecordKind): void {
    const body = this.#body;
    writer.writeBits(kind, KIND_BITS);
    writer.writePacked(body.bitLength);
    writer.copyFrom(body, 0, body.bitLength);
  }
}
