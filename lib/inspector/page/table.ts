import { Component, type ComponentChildren, h } from "preact";
import { printable } from "../../printable.js";

/** A column: its heading, its width, and what a row has there. */
export interface Column<Row> {
  readonly title: string;
  /** Of CSS, such as `90px`. */
  readonly width: string;
  cell(row: Row): ComponentChildren;
  /** What the rows are sorted by. */
  key?(row: Row): number | string;
}

interface TableProps<Row> {
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly id: (row: Row) => number | string;
  readonly chosen?: number | string | null;
  readonly onChoose?: (row: Row) => void;
}

interface TableState {
  readonly top: number;
  readonly sorted: number | null;
}

const ROW_HEIGHT = 28;
/** Rows that are drawn: more than the tallest screen shows. */
const DRAWN = 80;

/** Texts of players neither change the order of what stands beside them, nor have what nobody sees. */
const shown = (content: ComponentChildren) => (typeof content === "string" ? printable(content) : content);

/** A table of any length: only the rows that can be seen are drawn. */
export class Table<Row> extends Component<TableProps<Row>, TableState> {
  override state: TableState = { top: 0, sorted: null };

  #rows(): readonly Row[] {
    const { rows, columns } = this.props;
    const key = this.state.sorted === null ? undefined : columns[this.state.sorted]?.key;
    if (!key) return rows;
    return [...rows].sort((one, other) => {
      const [a, b] = [key(one), key(other)];
      return typeof a === "string" ? a.localeCompare(String(b)) : Number(b) - a;
    });
  }

  render() {
    const { label, columns, id, chosen, onChoose } = this.props;
    const rows = this.#rows();
    const style = { gridTemplateColumns: columns.map(({ width }) => width).join(" ") };
    const first = Math.max(0, Math.min(Math.floor(this.state.top / ROW_HEIGHT) - 10, rows.length - DRAWN));
    const head = columns.map(({ title, key }, index) =>
      h("span", { role: "columnheader", "aria-sort": this.state.sorted === index ? "other" : "none" }, [
        key ? h("button", { type: "button", onClick: () => this.setState({ sorted: index }) }, title) : title,
      ]),
    );
    const body = rows.slice(first, first + DRAWN).map((row, index) => {
      const isChosen = chosen === id(row);
      // A button in it does what it says.
      const choose = onChoose && (({ target }: Event) => void ((target as Element).closest("button") ?? onChoose(row)));
      const onKeyDown = (event: KeyboardEvent) => (event.key === "Enter" || event.key === " ") && choose?.(event);
      return h(
        "div",
        {
          ...{
            key: id(row),
            role: "row",
            class: isChosen ? "row chosen" : "row",
            style,
            "aria-rowindex": first + index + 2,
          },
          ...(choose && { tabIndex: 0, onClick: choose, onKeyDown, "aria-selected": isChosen }),
        },
        columns.map(({ cell }) => h("span", { role: "cell" }, shown(cell(row)))),
      );
    });
    return h(
      "div",
      {
        ...{ class: "scroll", role: "table", "aria-label": label, "aria-rowcount": rows.length + 1, tabIndex: 0 },
        onScroll: ({ currentTarget }: { currentTarget: HTMLElement }) =>
          this.setState({ top: currentTarget.scrollTop }),
      },
      [
        h("div", { role: "row", class: "row head", style }, head),
        h("div", { role: "presentation", style: { height: `${first * ROW_HEIGHT}px` } }),
        ...body,
        rows.length === 0 &&
          h("div", { role: "row", class: "row" }, h("span", { role: "cell", class: "quiet" }, "None")),
        h("div", {
          role: "presentation",
          style: { height: `${Math.max(0, rows.length - first - DRAWN) * ROW_HEIGHT}px` },
        }),
      ],
    );
  }
}
