import { Component, h } from "preact";
import type { InspectorSnapshot } from "../snapshot.js";
import type { TimelineSource } from "./timeline-source.js";
import { type Shown, timelineView } from "./timeline-view.js";

interface TimelinePanelProps {
  readonly source: TimelineSource;
  readonly snapshot: InspectorSnapshot;
  /** The id of the chosen player. */
  readonly chosen: number | null;
  choose(id: number | null): void;
}

interface TimelinePanelState {
  readonly row: number | null;
  readonly shows: Shown;
  readonly error: string | null;
}

type FileEvent = { readonly currentTarget: HTMLInputElement };
type ChoiceEvent = { readonly currentTarget: HTMLSelectElement };

const CHOOSE = "Choose a player, or drop a trace file on the page (docs/message.md, Traces).";
const NO_TIMELINE =
  "GNS tells nobody of its packets: a NetworkServer over it has a timeline. A trace file opens here, too.";

/** The timeline of a player, or of a trace file that is dropped on the page or chosen here. */
export class TimelinePanel extends Component<TimelinePanelProps, TimelinePanelState> {
  override state: TimelinePanelState = { row: null, shows: "all", error: null };

  readonly #open = async ({ currentTarget }: FileEvent): Promise<void> => {
    const [file] = currentTarget.files ?? [];
    if (!file) return;
    try {
      await this.props.source.open(file);
      this.setState({ row: null, error: null });
    } catch (error) {
      this.setState({ error: `${file.name}: ${(error as Error).message}` });
    }
  };

  render() {
    const { source, snapshot } = this.props;
    const { row, shows, error } = this.state;
    const { timeline, title } = source;
    return [
      h("form", { onSubmit: (event: Event) => event.preventDefault() }, [
        source.file ? this.#fileChoice(source.file) : this.#playerChoice(),
        h("label", { class: "file" }, [
          "Open a trace file ",
          h("input", { type: "file", onChange: (event: FileEvent) => void this.#open(event) }),
        ]),
        source.file &&
          h("button", { type: "button", onClick: () => this.#closeFile() }, `Close ${source.file.name.slice(0, 40)}`),
        h("span", { class: "bad", role: "alert" }, error),
      ]),
      source.file &&
        source.file.trace.unread > 0 &&
        h("p", { class: "bad" }, `${source.file.trace.unread} lines are none of a trace, or too much.`),
      timeline
        ? timelineView({
            ...{ title, timeline, row, shows },
            choose: (id) => this.setState({ row: id }),
            show: (kind) => this.setState({ shows: kind }),
          })
        : h(
            "p",
            {},
            snapshot.kind === "sockets" ? NO_TIMELINE : this.props.chosen === null ? CHOOSE : "It is asked for.",
          ),
    ];
  }

  #closeFile(): void {
    this.props.source.close();
    this.setState({ row: null });
  }

  #playerChoice() {
    const { snapshot, chosen, choose } = this.props;
    const onChange = ({ currentTarget: { value } }: ChoiceEvent) => {
      this.setState({ row: null });
      choose(value === "" ? null : Number(value));
    };
    return h("label", {}, [
      "Player ",
      h("select", { value: chosen ?? "", onChange }, [
        h("option", { value: "" }, "none"),
        ...snapshot.connections.map(({ id, address, transport }) =>
          h("option", { key: id, value: id }, `${id}, ${transport}, ${address}`),
        ),
      ]),
    ]);
  }

  #fileChoice(file: NonNullable<TimelineSource["file"]>) {
    const onChange = ({ currentTarget: { value } }: ChoiceEvent) => {
      this.props.source.choose(value);
      this.setState({ row: null });
    };
    const options = this.props.source.choices.map(({ value, label }) => h("option", { key: value, value }, label));
    return h("label", {}, ["Connection ", h("select", { value: file.chosen, onChange }, options)]);
  }
}
