import { vi } from "vitest";

const load = async () => ({
  ...(await import("../../../lib/object/behaviour/network-behaviour.js")),
  ...(await import("../../../lib/object/behaviour/networked.js")),
  ...(await import("../../../lib/object/behaviour/prefab.js")),
  ...(await import("../../../lib/object/behaviour/collections.js")),
  ...(await import("../../../lib/object/behaviour/sync-ref.js")),
  ...(await import("../../../lib/object/behaviour/references.js")),
  ...(await import("../../../lib/object/behaviour/identity-state.js")),
  ...(await import("../../../lib/object/server/run-functions.js")),
  ...(await import("../../../lib/serialization/index.js")),
});

async function withoutGeneratedCode() {
  vi.resetModules();
  // What a page's Content-Security-Policy does to `new Function`.
  vi.stubGlobal("Function", function refuse() {
    throw new EvalError("Code generation from strings disallowed for this context");
  });
  const library = await load();
  // It finds out at the first struct, once.
  library.struct({ value: library.u8 });
  vi.unstubAllGlobals();
  return library;
}

/** The behaviours and the codecs twice: as generated code, and as loops. */
export const libraries = [
  ["generated code", await load()],
  ["loops", await withoutGeneratedCode()],
] as const;
