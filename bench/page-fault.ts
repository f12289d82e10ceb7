const PAGE = 4_096;
/** Small enough to be mapped page by page, large enough not to come from what the process has already. */
const BYTES = 64 * 1024 ** 2;
const ROUNDS = 3;

/**
 * What it costs to touch a page for the first time, in microseconds: 0.1 to 0.5 on a host of one's own, a multiple of it
 * in a virtual machine whose host is busy. Starting a process, and whatever else maps memory, goes with it.
 */
export function pageFaultMicroseconds(): number {
  const rounds = Array.from({ length: ROUNDS }, () => {
    const memory = Buffer.alloc(BYTES);
    const began = performance.now();
    for (let at = 0; at < BYTES; at += PAGE) memory[at] = 1;
    return ((performance.now() - began) * 1_000) / (BYTES / PAGE);
  });
  return Math.min(...rounds);
}
