import type { Behaviours, InstancesOf } from "./prefab.js";

/** Makes the behaviours of the objects of one prefab, and takes them back. */
export interface ObjectFactory<B extends Behaviours = Behaviours> {
  /**
   * Makes the behaviours of an object; on a client a promise of them may be returned. Meanwhile what comes for the
   * object is held: 256 records or 64 KiB. Beyond, or after 30 s, `signal` aborts, and the object is asked for once
   * more.
   *
   * @defaultValue each class is constructed
   */
  create?(signal: AbortSignal): InstancesOf<B> | PromiseLike<InstancesOf<B>>;
  /** Gets the behaviours of an object that is gone. Their networked members and listeners are as of new ones. */
  release?(behaviours: InstancesOf<B>): void;
}
