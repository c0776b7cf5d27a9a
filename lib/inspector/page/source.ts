import type { InspectorSnapshot, InspectorView, TimelineChunk } from "../snapshot.js";

/** Asks the inspector, with the token that the page's address has behind `#`. */
export class Source {
  readonly #headers: Record<string, string>;

  constructor(token: string) {
    this.#headers = { authorization: `Bearer ${token}` };
  }

  /** @param player whose messages are wanted; null: those of all */
  async snapshot(views: readonly InspectorView[], player: number | null): Promise<InspectorSnapshot> {
    const query = `views=${views.join(",")}${player === null ? "" : `&player=${player}`}`;
    return (await this.#ask(`/snapshot?${query}`)) as InspectorSnapshot;
  }

  /** @param after how many events are known */
  async timeline(player: number, after: number): Promise<TimelineChunk> {
    return (await this.#ask(`/timeline?player=${player}&after=${after}`)) as TimelineChunk;
  }

  /** @param control such as `kick` */
  async change(control: string, values: object): Promise<void> {
    const body = JSON.stringify(values);
    const response = await fetch(`/${control}`, { method: "POST", headers: this.#headers, body });
    if (!response.ok) throw new Error((await response.text()).trim());
  }

  async #ask(path: string): Promise<unknown> {
    const response = await fetch(path, { headers: this.#headers }).catch(() => {
      throw new Error("The inspector does not answer: its program may have ended");
    });
    if (!response.ok) throw new Error((await response.text()).trim());
    return await response.json();
  }
}
