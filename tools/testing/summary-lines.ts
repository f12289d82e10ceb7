export interface Tally {
  passed: number;
  /** Tests, and whatever failed outside of one. */
  failed: number;
  /** Those that passed at another try, with the first error. */
  readonly again: { readonly test: string; readonly error: string }[];
  readonly skipped: { readonly test: string; readonly reason: string | undefined }[];
}

export function summaryLines({ passed, failed, again, skipped }: Tally): string[] {
  const counts = `${passed} passed, ${failed} failed`;
  const tried = again.map(({ test, error }) => `passed at another try only: ${test}: ${error}`);
  if (skipped.length === 0) return [...tried, counts];
  return [
    ...tried,
    ...skipped.map(({ test, reason }) => `skipped: ${test}: ${reason ?? 'no reason given'}`),
    `${counts}, ${skipped.length} skipped`,
  ];
}
