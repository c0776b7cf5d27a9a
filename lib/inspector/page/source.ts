import type { InspectorSnapshot, InspectorView } from "../snapshot.js";

/** Asks the inspector, with the token that the page's address has behind `#`. */
export class Source {
  readonly #headers: Record<string, string>;

  constructor(token: string) {
    this.#headers = { authorization: `Bearer ${token}` };
  }

  async snapshot(views: readonly InspectorView[]): Promise<InspectorSnapshot> {
    const response = await fetch(`/snapshot?views=${views.join(",")}`, { headers: this.#headers });
    if (!response.ok) throw new Error((await response.text()).trim());
    return (await response.json()) as InspectorSnapshot;
  }

  /** @param control such as `kick` */
  async change(control: string, values: object): Promise<void> {
    const body = JSON.stringify(values);
    const response = await fetch(`/${control}`, { method: "POST", headers: this.#headers, body });
    if (!response.ok) throw new Error((await response.text()).trim());
  }
}
