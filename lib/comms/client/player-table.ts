import { equalBytes } from "../../bytes.js";
import type { PeerKey } from "../values/peer-key.js";
import { MAX_CLIENTS, MAX_ROOMS } from "../wire/packets.js";
import { roomIdOf } from "../wire/room-id.js";
import type { CommsCore } from "./comms-core.js";
import { CommsPlayer } from "./comms-player.js";

/** Handshakes of clients that the server has not told of yet: so many, for so long. */
const MAX_UNKNOWN_PEERS = 64;
const UNKNOWN_PEER_MS = 10_000;

/** Who is in the session, as the server tells it, and how each can be reached. */
export class PlayerTable<TPeer> {
  readonly #comms: CommsCore;
  readonly #peerKey: (peer: TPeer) => PeerKey;
  readonly #byId = new Map<number, CommsPlayer<TPeer>>();
  readonly #byName = new Map<string, CommsPlayer<TPeer>>();
  /** Who was named since the last list began, and their rooms. */
  readonly #listed = new Map<number, Set<string>>();
  readonly #unknownPeers = new Map<number, { peer: TPeer; untilMs: number }>();

  constructor(comms: CommsCore, peerKey: (peer: TPeer) => PeerKey) {
    this.#comms = comms;
    this.#peerKey = peerKey;
  }

  get all(): readonly CommsPlayer<TPeer>[] {
    return [...this.#byId.values()];
  }

  /** Those that can be heard at the moment. */
  readonly speaking = new Set<CommsPlayer<TPeer>>();

  find(id: number): CommsPlayer<TPeer> | undefined {
    return this.#byId.get(id);
  }

  findByName(name: string): CommsPlayer<TPeer> | undefined {
    return this.#byName.get(name);
  }

  /** The server begins to list everybody. */
  beginList(): void {
    this.#listed.clear();
  }

  /** The list is complete: what the server did not name is gone. */
  endList(): void {
    for (const { id, rooms } of this.all) {
      const listed = this.#listed.get(id);
      if (!listed) this.remove(id);
      else for (const room of rooms) if (!listed.has(room)) this.setRoom(id, room, false);
    }
  }

  add(id: number, name: string, codec: CommsPlayer<TPeer>["codec"], salt: Uint8Array, isLocal: boolean): void {
    const known = this.#byId.get(id);
    if (known || this.#byId.size < MAX_CLIENTS) this.#listed.set(id, new Set());
    // Another salt is another start of the player's program, which counts from the beginning.
    if (known?.name === name && equalBytes(known.salt, salt)) {
      known.codec = codec;
      return;
    }
    if (known) this.remove(id);
    if (this.#byId.size >= MAX_CLIENTS) return; // no server has more
    const player = new CommsPlayer<TPeer>(name, id, codec, salt, isLocal);
    if (!isLocal) player.connection = this.#unknownPeers.get(id)?.peer ?? null;
    this.#unknownPeers.delete(id);
    this.#byId.set(id, player);
    this.#byName.set(name, player);
    this.#comms.events.emit("playerJoined", player);
  }

  remove(id: number): void {
    const player = this.#byId.get(id);
    if (!player) return;
    this.#byId.delete(id);
    if (this.#byName.get(player.name) === player) this.#byName.delete(player.name);
    this.#listed.delete(id);
    this.silence(player);
    this.#comms.events.emit("playerLeft", player);
  }

  removeAll(): void {
    for (const { id } of this.all) this.remove(id);
  }

  /** A player listens to a room, or does not any more. */
  setRoom(id: number, room: string, isJoining: boolean): void {
    const player = this.#byId.get(id);
    if (!player) return;
    if (isJoining) this.#listed.get(id)?.add(room);
    else this.#listed.get(id)?.delete(room);
    if (isJoining === player.rooms.has(room) || (isJoining && player.rooms.size >= MAX_ROOMS)) return;
    if (isJoining) player.rooms.add(room);
    else player.rooms.delete(room);
    // The server has one room of each number.
    if (isJoining) player.roomIds.add(roomIdOf(room));
    else player.roomIds.delete(roomIdOf(room));
    this.#comms.events.emit(isJoining ? "playerEnteredRoom" : "playerExitedRoom", player, room);
  }

  /** What a player says can be heard from now on. */
  speaks(player: CommsPlayer<TPeer>): void {
    player.speech.isSpeaking = true;
    this.speaking.add(player);
    this.#comms.events.emit("playerStartedSpeaking", player);
  }

  /** What a player says is not to be heard any more. */
  silence(player: CommsPlayer<TPeer>): void {
    if (!this.speaking.delete(player)) return;
    player.speech.isSpeaking = false;
    this.#comms.events.emit("playerStoppedSpeaking", player);
  }

  /**
   * `peer` is client `id`, and can be reached directly. What is bound stays so until `unbind`: nobody takes the place
   * of another, and nobody is two clients.
   *
   * @returns whether that is news, and is to be answered
   */
  bind(id: number, peer: TPeer, nowMs: number): boolean {
    const player = this.#byId.get(id);
    if (player?.isLocal || this.all.some((one) => this.isAt(one, peer))) return false;
    const key = this.#peerKey(peer);
    if ([...this.#unknownPeers].some(([other, one]) => other !== id && this.#peerKey(one.peer) === key)) return false;
    if (player) {
      if (player.connection !== null) return false;
      player.connection = peer;
      return true;
    }
    if (this.#unknownPeers.size >= MAX_UNKNOWN_PEERS || this.#unknownPeers.has(id)) return false;
    this.#unknownPeers.set(id, { peer, untilMs: nowMs + UNKNOWN_PEER_MS });
    return true;
  }

  /** Whether `player` is reached directly at `peer`. */
  isAt({ connection }: CommsPlayer<TPeer>, peer: TPeer): boolean {
    return connection !== null && this.#peerKey(connection) === this.#peerKey(peer);
  }

  /** The direct way to `peer` is lost. */
  unbind(peer: TPeer): void {
    for (const player of this.#byId.values()) if (this.isAt(player, peer)) player.connection = null;
    const key = this.#peerKey(peer);
    for (const [id, one] of this.#unknownPeers) if (this.#peerKey(one.peer) === key) this.#unknownPeers.delete(id);
  }

  forgetUnknownPeers(nowMs: number): void {
    for (const [id, { untilMs }] of this.#unknownPeers) if (untilMs <= nowMs) this.#unknownPeers.delete(id);
  }
}
