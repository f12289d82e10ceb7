import { defineConfig } from 'vitest/config';

/** Too slow for every run; by name: npm test -- --project slow */
const slow = '**/*.slow.test.ts';

/** On a busy host what a test waits for may come too late. It is tried again, and the summary names it. */
const retry = 1;

/** What a test that ran out of time leaves is ended with its file. */
const setupFiles = ['tests/harness/end-abandoned-homes.ts'];

/** What holds for every driver, by machines of each kind: minutes under emulation. */
const drivers = 'tests/plugin-author/{vm-driver,driver-faults,plain-driver}.vm.test.ts';

/** A plugin author's whole path with machines: each file makes daemons of its own, several of them. */
const authors = 'tests/plugin-author/{orders,pages,places,vm-feature,webhook}.vm.test.ts';

export default defineConfig({
  test: {
    reporters: ['default', './tools/testing/summary-reporter.ts'],
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            'packages/*/src/**/*.test.ts',
            'apps/*/{src,test}/**/*.test.ts',
            'tools/**/*.test.ts',
            'tests/{custom-daemon,docs,engine,plugin-author}/*.test.ts',
            'examples/**/*.test.ts',
          ],
          exclude: [slow, '**/*.vm.test.ts', '**/node_modules/**'],
          // They wait for programs more than they compute.
          maxWorkers: 3,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          retry,
          // What is waited for takes as long as the machine needs; its own second is none of a slow one's.
          expect: { poll: { timeout: 20_000 } },
        },
      },
      {
        test: {
          // Apart from the unit tests, two files at a time.
          name: 'vm',
          setupFiles,
          include: ['tests/**/*.vm.test.ts'],
          exclude: [drivers, authors, '**/node_modules/**'],
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
          retry,
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          // kill -9 and worse at every step of a start and every stage of a stop, which mostly wait for processes.
          name: 'crash',
          setupFiles,
          include: ['tests/crash-matrix/*.crash.test.ts'],
          maxWorkers: 2,
          retry,
          testTimeout: 120_000,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          // nook's package on a Debian with systemd: one machine, from the installation to its end.
          name: 'system',
          include: ['tests/system/*.system.test.ts'],
          setupFiles,
          fileParallelism: false,
          maxWorkers: 1,
          bail: 1,
          testTimeout: 400_000,
          hookTimeout: 400_000,
        },
      },
      ...Object.entries({ drivers, authors }).map(([name, files]) => ({
        test: {
          name,
          setupFiles,
          include: [files],
          retry,
          fileParallelism: false,
          maxWorkers: 1,
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      })),
      {
        test: {
          name: 'slow',
          setupFiles,
          include: [slow],
          exclude: ['**/node_modules/**'],
          fileParallelism: false,
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
});
