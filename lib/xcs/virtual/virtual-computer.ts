import type { Random } from "../../random.js";
import type { XcsNetwork } from "../network.js";

/** A computer on the router: each has random numbers of its own, so that what one loses tells nothing about another. */
export interface VirtualComputer extends XcsNetwork {
  readonly udpRandom: Random;
  readonly tcpRandom: Random;
}
