import type { InputBuffer } from "../input/input-buffer.js";
import type { InputViews } from "../input/input-views.js";
import type { DefinedPrediction } from "../prediction/defined-prediction.js";
import type { ObjectPlayer } from "./object-player.js";
import type { ServerObject } from "./server-object.js";

/** What a player controls. */
export interface PlayerControl {
  readonly player: ObjectPlayer;
  readonly object: ServerObject;
  /** The behaviour's place in the object. */
  readonly index: number;
  readonly prediction: DefinedPrediction;
  /** The predicted members. */
  readonly mask: number;
  readonly buffer: InputBuffer<unknown>;
  /** The newest tick of which an input has come. */
  newestTick: number;
  /** How many packets with inputs have come. */
  received: number;
  readonly views: InputViews;
  /** Before this tick (u32) the player gets exact values: it cannot have predicted what became of these inputs. */
  exactUntil: number;
}
