import type { Security } from "../socket/index.js";
import type { ClientLink } from "./client-link.js";
import { MAX_DOORS, type SentDoor } from "./protocol/door.js";
import { serverNameOf, type Target, targetOf } from "./target.js";

/** The servers at which a client may look for its session besides that of its connection. */
export class ClientDoors {
  targets: readonly Target[] = [];
  /** Below this, a connection to one of them is not used. */
  leastSecurity: Security = "none";
  /** Where the client first looked for a server: often a name behind which somebody always is. */
  #origin: Target | null = null;
  readonly #complain: (text: string) => void;

  /** @param complain is told why a door is left out */
  constructor(complain: (text: string) => void) {
    this.#complain = complain;
  }

  /** The client connects anew. */
  begin(origin: Target): Target {
    this.#origin = origin;
    this.targets = [];
    return origin;
  }

  /** All of them, and where the client began, but for its last server. */
  besides(last: Target): readonly Target[] {
    const origin = this.#origin as Target;
    const isKnown = [last, ...this.targets].some((target) => serverNameOf(target) === serverNameOf(origin));
    return isKnown ? this.targets : [...this.targets, origin];
  }

  /**
   * A server has named its doors: one that has not admitted the client has none to name. Where it names few, as one
   * that has just started, earlier ones are kept.
   */
  remember(link: ClientLink, doors: readonly SentDoor[]): void {
    if (!link.isAdmitted) return;
    const { target, connection } = link;
    const earlier = this.targets;
    this.leastSecurity = connection?.security ?? "none";
    this.targets = [];
    if (!target || !connection) return;
    const byName = new Map([[serverNameOf(target), target]]);
    for (const door of doors) {
      try {
        const place = targetOf(door, target, connection);
        if (!byName.has(serverNameOf(place))) byName.set(serverNameOf(place), place);
      } catch (error) {
        this.#complain(`a door of the server is not used: ${(error as Error).message}`);
      }
    }
    for (const place of earlier) {
      const name = serverNameOf(place);
      if (byName.size <= MAX_DOORS && !byName.has(name)) byName.set(name, place);
    }
    this.targets = [...byName.values()].slice(1);
  }
}
