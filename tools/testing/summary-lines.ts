export interface Tally {
  passed: number;
  /** Tests, and whatever failed outside of one. */
  failed: number;
  readonly skipped: { readonly test: string; readonly reason: string | undefined }[];
}

export function summaryLines({ passed, failed, skipped }: Tally): string[] {
  const counts = `${passed} passed, ${failed} failed`;
  if (skipped.length === 0) return [counts];
  return [
    ...skipped.map(({ test, reason }) => `skipped: ${test}: ${reason ?? 'no reason given'}`),
    `${counts}, ${skipped.length} skipped`,
  ];
}
