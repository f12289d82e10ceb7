import type { Reporter, TestModule } from 'vitest/node';
import { summaryLines, type Tally } from './summary-lines.ts';

/**
 * Ends a run with one plain line, `N passed, N failed`, that a script can read, and says which tests were
 * tried again, and why others were skipped.
 */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const tally: Tally = { passed: 0, failed: unhandledErrors.length, again: [], skipped: [] };
    for (const module of modules) {
      // A file or a suite can fail beside its tests: by an import, by a hook.
      tally.failed += module.errors().length;
      for (const suite of module.children.allSuites()) tally.failed += suite.errors().length;
      for (const test of module.children.allTests()) {
        const result = test.result();
        const name = `${module.relativeModuleId} > ${test.fullName}`;
        if (result.state === 'passed') {
          tally.passed++;
          const [error] = result.errors ?? [];
          if (error) tally.again.push({ test: name, error: error.message });
        } else if (result.state === 'failed') tally.failed++;
        else if (result.state === 'skipped') {
          tally.skipped.push({ test: name, reason: result.note });
        } else tally.failed++;
      }
    }
    process.stdout.write(`${summaryLines(tally).join('\n')}\n`);
  }
}
