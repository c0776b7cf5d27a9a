function figure(value) {
  if (value === null || value === undefined) return "-";
  if (!Number.isFinite(value)) return String(value);
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString("en-US");
  return value.toPrecision(3);
}

/** Plain text columns: the first two and the baseline's name to the left, figures to the right. */
export function formatTable(cases) {
  const rows = cases.map((row) => [
    row.name,
    row.unit,
    figure(row.ours),
    figure(row.baseline),
    row.baselineName ?? "-",
    figure(row.ratio),
    row.target === undefined ? "" : `>= ${figure(row.target)}`,
  ]);
  const table = [["case", "unit", "ours", "baseline", "against", "ratio", "target"], ...rows];
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
  const leftAligned = new Set([0, 1, 4, 6]);
  const line = (row) =>
    row.map((text, column) => (leftAligned.has(column) ? text.padEnd(widths[column]) : text.padStart(widths[column])));
  return table.map((row) => line(row).join("  ").trimEnd()).join("\n");
}
