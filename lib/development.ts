/**
 * Whether mistakes are looked for where that costs something: where `NODE_ENV` is "development". Browsers have no
 * environment. This is the only file that looks at it.
 */
export function isDevelopment(): boolean {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
  return process?.env?.NODE_ENV === "development";
}
