/** The middle value; the mean of the two middle ones for an even count. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * Runs every side once per round, in turned order each second round (A B, B A, A B, …), so that a drift of the
 * machine's speed hits all sides alike. `sides`: name -> function giving an object of figures.
 * Returns name -> figures of each round.
 */
export async function interleave(sides, rounds, onSample = () => {}) {
  const names = Object.keys(sides);
  const samples = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const name of round % 2 === 0 ? names : [...names].reverse()) {
      samples[name].push(await sides[name]());
      onSample(name, round);
    }
  }
  return samples;
}

/** ours / baseline where more is better, baseline / ours where less is: above 1 is in our favour. */
export function ratioOf(ours, baseline, better) {
  return better === "more" ? ours / baseline : baseline / ours;
}

/**
 * One row of a result for a figure of `metric` = { key, name, unit, better: "more" | "less", target }: medians of both
 * sides, and the median of the ratios of the pairs.
 */
export function compare({ key, name, unit, better = "less", target = undefined }, ours, baselineName, baseline) {
  const runs = ours.map((figures, round) => ({
    ours: figures[key],
    baseline: baseline[round][key],
    ratio: ratioOf(figures[key], baseline[round][key], better),
  }));
  return {
    name,
    unit,
    target,
    ours: median(runs.map((run) => run.ours)),
    baseline: median(runs.map((run) => run.baseline)),
    baselineName,
    ratio: median(runs.map((run) => run.ratio)),
    runs,
  };
}

/** A row for a figure of each of `runs` against a number that it should reach. */
export function compareWithGoal(metric, runs, goal) {
  const goals = runs.map(() => ({ [metric.key]: goal }));
  return compare({ ...metric, target: 1 }, runs, "the goal", goals);
}

/** Rows for several metrics of one side of `samples` against another; `name` goes before the names of the metrics. */
export function compareAll(name, metrics, samples, ours, baseline) {
  const row = (metric) => ({ ...metric, name: `${name}${metric.name ?? ""}` });
  return metrics.map((metric) => compare(row(metric), samples[ours], baseline, samples[baseline]));
}

/** What a flood is measured by. */
export const floodMetrics = [
  { key: "rate", unit: "msg/s", better: "more" },
  { key: "senderCpu", name: ", sender", unit: "CPU s/M msg" },
  { key: "receiverCpu", name: ", receiver", unit: "CPU s/M msg" },
  { key: "bothCpu", name: ", both ends", unit: "CPU s/M msg" },
];

/** The metrics with a target for the one called `key`, the first if nothing else is said. */
export const withTarget = (metrics, target, key = metrics[0].key) =>
  metrics.map((metric) => (metric.key === key ? { ...metric, target } : metric));

/** "lost 3 of 2000; 20.0 Hz": what became of a swarm's messages. */
export function describeSwarm(runs) {
  const sum = (key) => runs.reduce((total, run) => total + run[key], 0);
  return `lost ${sum("lost")} of ${sum("sent")}; ${median(runs.map(({ hz }) => hz)).toFixed(1)} Hz`;
}

/** A row for the growth of a cost with the work, of which `points` are pairs; it should be hardly more than linear. */
export function compareGrowth(name, points) {
  return { ...compareGoal({ name, unit: "exponent" }, growthExponent(points), 1.1), runs: points };
}

/** A row for a figure, of which less is better, that is measured against a number. */
export function compareGoal({ name, unit, target = undefined }, ours, goal) {
  return { name, unit, target, ours, baseline: goal, baselineName: "the goal", ratio: goal / ours, runs: [ours] };
}

/** The exponent k of the best fit `cost = c * work^k` (least squares of the logarithms). */
export function growthExponent(points) {
  const logs = points.map(([work, cost]) => [Math.log(work), Math.log(cost)]);
  const mean = (index) => logs.reduce((sum, log) => sum + log[index], 0) / logs.length;
  const [x, y] = [mean(0), mean(1)];
  const covariance = logs.reduce((sum, log) => sum + (log[0] - x) * (log[1] - y), 0);
  return covariance / logs.reduce((sum, log) => sum + (log[0] - x) ** 2, 0);
}
