// Values that no caller should pass to a function, each with a name. Some throw when they are read: the error
// "hostile".

// The two large ones are made once: no use spoils them.
const largeText = "é".repeat(500_000);
const largeBytes = new Uint8Array(1_000_000);

/** Makes new values at each call, because use spoils some of them. */
export function hostileValues() {
  const fail = () => {
    throw new Error("hostile");
  };
  const detached = new Uint8Array(64);
  structuredClone(detached.buffer, { transfer: [detached.buffer] });
  const shrunkBuffer = new ArrayBuffer(64, { maxByteLength: 128 });
  const shrunk = new Uint8Array(shrunkBuffer, 32, 32);
  shrunkBuffer.resize(8);
  const list = [
    ["undefined", undefined],
    ["null", null],
    ["true", true],
    ["false", false],
    ["0", 0],
    ["-0", -0],
    ["1", 1],
    ["-1", -1],
    ["1.5", 1.5],
    ["2^16", 2 ** 16],
    ["2^31", 2 ** 31],
    ["-2^31", -(2 ** 31)],
    ["2^32-1", 2 ** 32 - 1],
    ["2^32", 2 ** 32],
    ["2^53", 2 ** 53],
    ["1e308", 1e308],
    ["5e-324", 5e-324],
    ["NaN", Number.NaN],
    ["Infinity", Number.POSITIVE_INFINITY],
    ["-Infinity", Number.NEGATIVE_INFINITY],
    ["1n", 1n],
    ["-2^63 n", -(2n ** 63n)],
    ["2^64 n", 2n ** 64n],
    ["2^4096 n", 2n ** 4096n],
    ["empty text", ""],
    ["NUL", "\0"],
    ["text with NUL", "a\0b"],
    ["lone surrogate", "\ud800"],
    ["format", "%s%n%x"],
    ["1 MB text", largeText],
    ["symbol", Symbol("hostile")],
    ["function", () => 1],
    ["throwing function", fail],
    ["class", class {}],
    ["object", {}],
    ["array", []],
    ["array of junk", [1, "x", null, [], [[]], Symbol("hostile")]],
    ["options of junk", [[24, 1, "x"], [24, 4, 1], [1, 9, 1], [201, 2, 1n], [-1, 1, 1], [24]]],
    ["one callback option", [[201, 2, 0x4141414141414141n]]],
    ["one text option with NUL", [[103, 4, "a\0b"]]],
    ["one option of 1.5", [[24, 1, 1.5]]],
    ["one option of 2^64 n", [[40, 2, 2n ** 64n]]],
    ["huge sparse array", new Array(2 ** 32 - 1)],
    ["throwing valueOf", { valueOf: fail, toString: fail }],
    ["throwing toPrimitive", { [Symbol.toPrimitive]: fail }],
    ["array with a throwing getter", Object.defineProperty([0], 0, { get: fail })],
    ["option with a throwing getter", [Object.defineProperty([24, 1, 1], 2, { get: fail })]],
    ["throwing proxy", new Proxy({}, { get: fail, has: fail, ownKeys: fail, getPrototypeOf: fail })],
    ["throwing proxy of an array", new Proxy([1], { get: fail })],
    ["proxy of bytes", new Proxy(new Uint8Array(16), {})],
    [
      "like bytes",
      { length: 16, byteLength: 16, buffer: new ArrayBuffer(16), byteOffset: 0, __proto__: Uint8Array.prototype },
    ],
    ["date", new Date(Number.NaN)],
    ["error", new Error("value")],
    ["promise", Promise.resolve(1)],
    ["weak map", new WeakMap()],
    ["no bytes", new Uint8Array(0)],
    ["1 byte", new Uint8Array(1)],
    ["15 bytes", new Uint8Array(15)],
    ["16 bytes", new Uint8Array(16)],
    ["17 bytes", new Uint8Array(17)],
    ["bytes of 255", new Uint8Array(200).fill(255)],
    ["bytes at 1", new Uint8Array(new ArrayBuffer(65), 1, 64)],
    ["1 MB of bytes", largeBytes],
    ["detached bytes", detached],
    ["shrunk bytes", shrunk],
    ["shared bytes", new Uint8Array(new SharedArrayBuffer(64))],
    ["clamped bytes", new Uint8ClampedArray(64)],
    ["buffer", new ArrayBuffer(64)],
    ["view", new DataView(new ArrayBuffer(64))],
    ["no floats", new Float64Array(0)],
    ["floats", new Float64Array(64).fill(Number.NaN)],
    ["u32", new Uint32Array(64).fill(0xffffffff)],
    ["one u32", new Uint32Array(1)],
    ["i32", new Int32Array(64).fill(-1)],
    ["u16", new Uint16Array(64)],
    ["bigints", new BigInt64Array(4)],
    ["identity of a negative size", identity(2, -1, 4)],
    ["identity of a huge size", identity(2, 0x7fffffff, 4)],
    ["identity longer than its size", identity(2, 1, 40)],
    ["identity of 200 bytes of text", identity(2, 200, 200)],
    ["identity of an unknown type", identity(99, 4, 4)],
  ];
  return list;
}

function identity(type, size, bytes) {
  const made = new Uint8Array(8 + bytes).fill(65);
  new Int32Array(made.buffer, 0, 2).set([type, size]);
  return made;
}

/** What a call with hostile values may do: return, or throw an error with a code or the error of the value itself. */
export function isProperError(error) {
  if (!(error instanceof Error)) return false;
  if (error.message === "hostile") return true;
  return typeof error.code === "string" && error.code.startsWith("ERR_");
}
