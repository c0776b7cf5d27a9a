/** A role and `--name value` pairs; values that look like numbers are numbers. */
export function readOptions([role, ...pairs]) {
  const options = { role };
  for (let i = 0; i < pairs.length; i += 2) {
    const name = pairs[i].replace(/^--/, "");
    const value = pairs[i + 1];
    options[name] = value.trim() !== "" && Number.isFinite(Number(value)) ? Number(value) : value;
  }
  return options;
}
