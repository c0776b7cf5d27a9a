const row = (cells) => cells.map((cell) => `${cell}`.padStart(14)).join("");

/** Round trips of each rally, as a table. */
export function tableOf(transport, rallies) {
  const lines = [row(["transport", "message", "round trips", "median", "99 %", "longest"])];
  for (const { size, times } of rallies) {
    const sorted = [...times].sort((a, b) => a - b);
    const at = (part) => `${sorted[Math.floor((sorted.length - 1) * part)].toFixed(3)} ms`;
    lines.push(row([transport, `${size} B`, sorted.length, at(0.5), at(0.99), at(1)]));
  }
  return lines.join("\n");
}
