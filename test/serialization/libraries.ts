import { vi } from "vitest";
import type * as Serialization from "../../lib/serialization/index.js";

async function withoutGeneratedCode(): Promise<typeof Serialization> {
  vi.resetModules();
  // What a page's Content-Security-Policy does to `new Function`.
  vi.stubGlobal("Function", function refuse() {
    throw new EvalError("Code generation from strings disallowed for this context");
  });
  const library = await import("../../lib/serialization/index.js");
  // It finds out at the first struct, once.
  library.struct({ value: library.u8 });
  vi.unstubAllGlobals();
  return library;
}

/** The library twice: structs as generated code, and as loops over their fields. */
export const libraries = [
  ["generated code", await import("../../lib/serialization/index.js")],
  ["loops", await withoutGeneratedCode()],
] as const;
