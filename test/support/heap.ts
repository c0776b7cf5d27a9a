/** Bytes of the JS heap that one call takes, without those that the measurement itself takes. */
export const bytesPerCall = (call: (index: number) => void): number => measure(call) - measure(() => {});

let lastReading = process.memoryUsage();

/** Each reading takes 256 bytes. It is kept, or the compiler would leave the object out in some batches. */
function heapUsed(): number {
  lastReading = process.memoryUsage();
  return lastReading.heapUsed;
}

/**
 * The lower quartile of several batches. A batch is so short that new space holds all its garbage. Every batch
 * contains what each call takes. Most contain what V8's compiler takes too; in very few V8 gives memory back
 * meanwhile, and those measure too little, by any amount.
 */
function measure(call: (index: number) => void): number {
  const calls = 200;
  let index = 0;
  const batch = () => {
    gc?.({ type: "major", execution: "sync" });
    const start = heapUsed();
    const before = heapUsed();
    for (let count = 0; count < calls; count++) call(index++);
    return (heapUsed() - before - (before - start)) / calls;
  };
  for (let warmUp = 0; warmUp < 20_000; warmUp++) call(index++);
  const sizes = Array.from({ length: 31 }, batch).sort((left, right) => left - right);
  return sizes[7] ?? Number.NaN;
}
