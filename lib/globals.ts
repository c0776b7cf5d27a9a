// Globals of every runtime that the declarations name. A program that compiles with neither the DOM nor @types/node has
// them from here, as types without members; to any other this adds nothing.
declare global {
  interface AbortSignal {}
  interface AudioContext {}
  interface PannerNode {}
  // biome-ignore lint/suspicious/noExplicitAny: declarations of one interface have the same type parameters
  interface ReadableStream<R = any> {}
  // biome-ignore lint/suspicious/noExplicitAny: the same
  interface WritableStream<W = any> {}
  interface SymbolConstructor {
    readonly dispose: unique symbol;
    readonly asyncDispose: unique symbol;
  }
}

export {};
