interface Named {
  readonly test: string;
  readonly error: string;
}

export interface Tally {
  passed: number;
  /** Tests, and whatever failed outside of one. */
  readonly failures: Named[];
  /** Those that passed at another try, with the first error. */
  readonly again: Named[];
  readonly skipped: { readonly test: string; readonly reason: string | undefined }[];
}

export function summaryLines({ passed, failures, again, skipped }: Tally): string[] {
  const counts = `${passed} passed, ${failures.length} failed`;
  return [
    ...again.map(({ test, error }) => `passed at another try only: ${test}: ${error}`),
    ...skipped.map(({ test, reason }) => `skipped: ${test}: ${reason ?? 'no reason given'}`),
    ...failures.map(({ test, error }) => `failed: ${test}: ${firstLine(error)}`),
    skipped.length === 0 ? counts : `${counts}, ${skipped.length} skipped`,
  ];
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}
