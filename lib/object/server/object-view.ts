import type { ObjectAudience } from "../wire/object-audience.js";
import type { ObjectPlayer } from "./object-player.js";
import type { ServerObject } from "./server-object.js";

/** What a player knows of an object that it sees. */
export class ObjectView {
  readonly player: ObjectPlayer;
  readonly object: ServerObject;
  audience: ObjectAudience;
  /** The last message that holds latest members in order, counted from 1: its spawn, a new owner, a correction. */
  spawnBatch = 0;
  /** Latest members that have changed since, until the player has that message: it must not undo newer ones. */
  waitingLatest = 0;
  /** Of each behaviour the references that were last sent as null, since the player did not see what they refer to. */
  readonly hidden: number[];
  /** Its place among the views of the object. */
  place = 0;

  constructor(player: ObjectPlayer, object: ServerObject, audience: ObjectAudience) {
    this.player = player;
    this.object = object;
    this.audience = audience;
    this.hidden = object.layout.hasReferences ? object.values.map(() => 0) : NONE;
  }
}

const NONE: number[] = [];
