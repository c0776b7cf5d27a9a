import type { PeerCore } from "../peer/peer-core.js";
import type { ClientAuthentication } from "./authentication/client-authentication.js";

/** A client's try to reach its server. What comes late from one that is not the client's any more is dropped. */
export interface Link {
  /** Null while there is none yet. */
  peer: PeerCore | null;
  /** Of its connection, null before. */
  authentication: ClientAuthentication | null;
  /** Ends a try that takes too long. */
  timer: unknown;
}

export const newLink = (): Link => ({ peer: null, authentication: null, timer: null });
