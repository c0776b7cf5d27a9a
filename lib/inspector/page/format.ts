/** `1.2 kB`, `3.4 MB`. */
export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB"];
  let [value, unit] = [bytes, 0];
  while (value >= 1000 && unit < units.length - 1) [value, unit] = [value / 1000, unit + 1];
  return `${unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

export const formatMs = (ms: number): string => (ms === 0 ? "–" : `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`);

export const formatPercent = (share: number): string => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;

export const formatCount = (count: number): string =>
  Number.isInteger(count) ? count.toLocaleString("en") : count.toFixed(1);
