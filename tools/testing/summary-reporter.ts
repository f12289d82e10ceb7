import type { Reporter, TestModule } from 'vitest/node';
import { summaryLines, type Tally } from './summary-lines.ts';

/**
 * Ends a run with one plain line, `N passed, N failed`, that a script can read, and says which tests failed, which
 * were tried again, and why others were skipped.
 */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly { readonly message: string }[]): void {
    const tally: Tally = { passed: 0, failures: [], again: [], skipped: [] };
    const failed = (test: string, errors: readonly { readonly message: string }[]) => {
      for (const { message } of errors) tally.failures.push({ test, error: message });
    };
    failed('outside of the tests', unhandledErrors);
    for (const module of modules) {
      const file = module.relativeModuleId;
      // A file or a suite can fail beside its tests: by an import, by a hook.
      failed(file, module.errors());
      for (const suite of module.children.allSuites()) failed(`${file} > ${suite.fullName}`, suite.errors());
      for (const test of module.children.allTests()) {
        const result = test.result();
        const name = `${file} > ${test.fullName}`;
        const [error] = result.errors ?? [];
        if (result.state === 'passed') {
          tally.passed++;
          if (error) tally.again.push({ test: name, error: error.message });
        } else if (result.state === 'skipped') tally.skipped.push({ test: name, reason: result.note });
        else tally.failures.push({ test: name, error: error?.message ?? 'it did not end' });
      }
    }
    process.stdout.write(`${summaryLines(tally).join('\n')}\n`);
  }
}
