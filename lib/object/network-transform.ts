import { angle, type Quaternion, quaternion, type Vector2, type Vector3, vec2, vec3 } from "../serialization/index.js";
import { NetworkBehaviour } from "./behaviour/network-behaviour.js";
import { type Networked, networked } from "./behaviour/networked.js";
import { linear } from "./define-interpolation.js";

const moving = { delivery: "latest", interpolate: linear } as const;

/** What `NetworkTransform2D` can do. */
export class Transform2D extends NetworkBehaviour {
  /** Where it is, in units of the game. */
  declare position: Vector2;
  /** In degrees. What the other side reads is from -180 to below 180, in 65,536 steps. */
  declare rotation: number;

  /** On the server: appears at a place, and does not move there. @throws NetworkError `ERR_STATE` before the spawn */
  teleport(position: Vector2, rotation: number = this.rotation): void {
    this.identity.teleport();
    this.position = position;
    this.rotation = rotation;
  }
}

/** What `NetworkTransform3D` can do. */
export class Transform3D extends NetworkBehaviour {
  /** Where it is, in units of the game. */
  declare position: Vector3;
  /** A unit quaternion, read by the other side in steps of 0.0014 for each component. */
  declare rotation: Quaternion;

  /** On the server: appears at a place, and does not move there. @throws NetworkError `ERR_STATE` before the spawn */
  teleport(position: Vector3, rotation: Quaternion = this.rotation): void {
    this.identity.teleport();
    this.position = position;
    this.rotation = rotation;
  }
}

/**
 * Where an object is in the plane: `position` and `rotation`, in degrees. The server sets them; `shown` has them for
 * drawing, and `rewind` sets them back.
 */
export const NetworkTransform2D: Networked<typeof Transform2D, { position: Vector2; rotation: number }> = networked(
  Transform2D,
  { position: [vec2(), moving], rotation: [angle({ bits: 16 }), moving] },
);

/** The same in space: `position`, and `rotation` as a quaternion. */
export const NetworkTransform3D: Networked<typeof Transform3D, { position: Vector3; rotation: Quaternion }> = networked(
  Transform3D,
  { position: [vec3(), moving], rotation: [quaternion(10), moving] },
);
