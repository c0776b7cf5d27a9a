import { Component, type ComponentChildren, h, render } from "preact";
import { systemClock } from "../../clock.js";
import type { InspectorView, LagValues } from "../snapshot.js";
import { History } from "./history.js";
import { leftView } from "./left-view.js";
import { objectsView } from "./object-view.js";
import { Source } from "./source.js";
import { TimelinePanel } from "./timeline-panel.js";
import { TimelineSource } from "./timeline-source.js";
import { connectionsView, figuresView, lagForm, messagesView, roomsView, type ViewProps, voiceView } from "./views.js";

const POLL_MS = 250;

interface Tab {
  readonly title: string;
  readonly needs: readonly InspectorView[];
  /** Whether connections of GNS alone have something there: they know no players, messages or objects. */
  readonly ofSockets?: boolean;
  view(props: ViewProps): ComponentChildren;
}

const TABS: readonly Tab[] = [
  { title: "Connections", needs: ["connections"], ofSockets: true, view: connectionsView },
  {
    title: "Timeline",
    needs: ["connections"],
    ofSockets: true,
    view: ({ snapshot, chosen, choose, timeline }) => h(TimelinePanel, { snapshot, chosen, choose, source: timeline }),
  },
  { title: "Left", needs: ["departures"], view: leftView },
  { title: "Messages", needs: ["messages"], view: messagesView },
  { title: "Rooms", needs: ["rooms"], view: roomsView },
  { title: "Objects", needs: ["objects"], view: objectsView },
  { title: "Voice", needs: ["comms"], view: voiceView },
  { title: "All figures", needs: [], view: figuresView },
];

const TIMELINE = TABS.findIndex(({ title }) => title === "Timeline");

interface PageState {
  readonly tab: number;
  readonly chosen: number | null;
  readonly chosenObject: number | null;
  readonly isFrozen: boolean;
  /** Why there are no new figures. */
  readonly lost: string | null;
  /** What the last thing that was asked for has failed with. It stays, so that it can be read. */
  readonly error: string | null;
  /** How many snapshots there were: a new one draws the page anew. */
  readonly count: number;
}

/** The whole page. */
class Page extends Component<object, PageState> {
  override state: PageState = {
    tab: 0,
    chosen: null,
    chosenObject: null,
    isFrozen: false,
    lost: null,
    error: null,
    count: 0,
  };
  readonly #source = new Source(location.hash.slice(1));
  readonly #timeline = new TimelineSource(this.#source);
  #history = new History();

  override componentDidMount(): void {
    addEventListener("keydown", ({ key }) => key === "Escape" && this.setState({ chosen: null, chosenObject: null }));
    // The server was started again, and its new address given to this tab.
    addEventListener("hashchange", () => location.reload());
    addEventListener("dragover", (event) => event.preventDefault());
    addEventListener("drop", (event) => {
      event.preventDefault();
      const file = event.dataTransfer?.files[0];
      if (file) void this.#openTrace(file);
    });
    void this.#poll();
  }

  async #poll(): Promise<void> {
    const startMs = systemClock.now();
    if (!this.state.isFrozen && !document.hidden) {
      try {
        const snapshot = await this.#source.snapshot((TABS[this.state.tab] as Tab).needs, this.state.chosen);
        if (!this.state.isFrozen) this.#history.add(snapshot);
        // The chosen player may have left: then this fails, and others can be chosen.
        if (this.state.tab === TIMELINE && snapshot.kind !== "sockets") await this.#timeline.poll(this.state.chosen);
        this.setState(({ count }: PageState) => ({ count: count + 1, lost: null }));
      } catch (error) {
        this.setState({ lost: (error as Error).message });
      }
    }
    systemClock.setTimeout(() => void this.#poll(), Math.max(0, POLL_MS - (systemClock.now() - startMs)));
  }

  async #openTrace(file: File): Promise<void> {
    try {
      await this.#timeline.open(file);
      this.setState({ tab: TIMELINE, error: null });
    } catch (error) {
      this.setState({ error: `${file.name}: ${(error as Error).message}` });
    }
  }

  readonly #change = async (control: string, values: object): Promise<void> => {
    try {
      await this.#source.change(control, values);
      this.setState({ error: null });
    } catch (error) {
      this.setState({ error: (error as Error).message });
    }
  };

  render() {
    const { tab, chosen, isFrozen, lost, error } = this.state;
    const snapshot = this.#history.last;
    const props = {
      ...{ history: this.#history, timeline: this.#timeline, chosen, chosenObject: this.state.chosenObject },
      choose: (id: number | null) => this.setState({ chosen: id }),
      explain: (id: number) => {
        this.#timeline.close();
        this.setState({ chosen: id, tab: TIMELINE });
      },
      chooseObject: (netId: number | null) => this.setState({ chosenObject: netId }),
    };
    return [
      h("header", {}, [
        h("h1", {}, snapshot ? `${snapshot.name} ${snapshot.version}` : "valve-sockets inspector"),
        snapshot &&
          h("span", {}, snapshot.connectionCount === 1 ? "1 connection" : `${snapshot.connectionCount} connections`),
        h(
          "button",
          { type: "button", "aria-pressed": isFrozen, onClick: () => this.setState({ isFrozen: !isFrozen }) },
          "Freeze the page",
        ),
        h("span", { class: "bad", role: "status" }, error ?? lost),
      ]),
      snapshot?.lag && h("div", { class: "simulated" }, this.#lagForm(snapshot.lag, snapshot.controls)),
      h(
        "nav",
        { role: "tablist", "aria-label": "Views" },
        TABS.map(
          ({ title, ofSockets = false }, index) =>
            (snapshot?.kind !== "sockets" || ofSockets) &&
            h(
              "button",
              {
                type: "button",
                role: "tab",
                "aria-selected": index === tab,
                onClick: () => this.setState({ tab: index }),
              },
              title,
            ),
        ),
      ),
      h(
        "section",
        { tabIndex: 0, "aria-label": (TABS[tab] as Tab).title },
        snapshot && (TABS[tab] as Tab).view({ ...props, snapshot, change: (...args) => void this.#change(...args) }),
      ),
    ];
  }

  #lagForm(lag: LagValues, controls: boolean) {
    const { latencyMs, jitterMs, loss } = lag;
    if (!controls) return h("p", {}, `Simulated: ${latencyMs} ms latency, ${jitterMs} ms jitter, ${100 * loss} % loss`);
    return lagForm("Simulated network:", lag, (values) => void this.#change("lag", values));
  }
}

render(h(Page, {}), document.getElementById("page") as HTMLElement);
