import { Component, createRef, h } from "preact";
import uPlot from "uplot";
import type { Series } from "./history.js";

interface PlotProps {
  readonly title: string;
  readonly unit: string;
  readonly labels: readonly string[];
  readonly series: Series;
}

const WIDTH = 380;
const HEIGHT = 120;
const COLORS = ["#3b82f6", "#e8833a"];

/** `1.5K`: a number that is too long for the axis would be cut. */
const shortly = (value: number) => value.toLocaleString("en", { notation: "compact" });

/** Values over the last minute. */
export class Plot extends Component<PlotProps> {
  readonly #place = createRef<HTMLDivElement>();
  #plot: uPlot | null = null;

  override componentDidMount(): void {
    const { labels } = this.props;
    const style = getComputedStyle(document.documentElement);
    const axis = { stroke: style.getPropertyValue("--quiet"), grid: { stroke: style.getPropertyValue("--line") } };
    const options: uPlot.Options = {
      ...{ width: Math.min(WIDTH, document.documentElement.clientWidth - 34), height: HEIGHT, legend: { show: false } },
      cursor: { show: false },
      scales: { x: { time: false }, y: { range: (_, __, most) => [0, Math.max(1, most * 1.1)] } },
      axes: [{ show: false }, { ...axis, size: 46, values: (_, ticks) => ticks.map(shortly) }],
      series: [
        {},
        ...labels.map((label, index) => ({
          label,
          stroke: COLORS[index] as string,
          width: 1.5,
          points: { show: false },
        })),
      ],
    };
    this.#plot = new uPlot(options, this.#data(), this.#place.current as HTMLElement);
  }

  override componentDidUpdate(): void {
    this.#plot?.setData(this.#data());
  }

  override componentWillUnmount(): void {
    this.#plot?.destroy();
  }

  #data(): uPlot.AlignedData {
    const { times, values } = this.props.series;
    return [times, ...values];
  }

  render() {
    const { title, unit, labels, series } = this.props;
    const last = series.values.map((values) => (values.at(-1) ?? 0).toFixed(1));
    const text = labels.map((label, index) => `${label} ${last[index]}`).join(", ");
    return h("figure", { style: { margin: 0 } }, [
      h("figcaption", {}, [`${title}: `, h("span", { class: "quiet" }, `${text} ${unit}`)]),
      h("div", { ref: this.#place, role: "img", "aria-label": `${title}: ${text} ${unit}` }),
    ]);
  }
}
