/**
 * Waits for something that nothing announces to a test (a process that is gone, a record that changed).
 * @throws when it does not come true in time, with what was last seen
 */
export async function eventually<T>(
  what: string,
  look: () => Promise<T> | T,
  is: (seen: T) => boolean,
  timeoutMs = 20_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const seen = await look();
    if (is(seen)) return seen;
    if (Date.now() > deadline) throw new Error(`${what} did not come true: ${JSON.stringify(seen)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
