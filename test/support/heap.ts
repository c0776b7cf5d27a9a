/** Bytes of the JS heap that one call takes, without what measuring takes. */
export const bytesPerCall = (call: (index: number) => void): number => measure(call) - measure(() => {});

/**
 * The least over batches short enough for new space to hold what they leave, so that nothing is collected meanwhile.
 * What each call takes is in every batch; what V8's compiler takes meanwhile, which a busy machine puts off, is in
 * some.
 */
function measure(call: (index: number) => void): number {
  const calls = 200;
  let index = 0;
  const batch = () => {
    gc?.({ type: "major", execution: "sync" });
    const before = process.memoryUsage().heapUsed;
    for (let count = 0; count < calls; count++) call(index++);
    return (process.memoryUsage().heapUsed - before) / calls;
  };
  for (let warmUp = 0; warmUp < 20_000; warmUp++) call(index++);
  return Math.min(...Array.from({ length: 31 }, batch));
}
