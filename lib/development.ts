/** A variable of the environment; undefined in browsers, which have none. This is the only file that looks at it. */
export function environmentVariable(name: string): string | undefined {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
  return process?.env?.[name];
}

/** Whether mistakes are looked for where that costs something: where `NODE_ENV` is "development". */
export const isDevelopment = () => environmentVariable("NODE_ENV") === "development";
