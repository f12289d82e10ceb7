import { join } from 'node:path';
import { startTestDaemon } from '@nook/testkit';
import { describe, expect, it } from 'vitest';
import { HelperClient } from './helper-client.ts';
import { roothelper } from './plugin.ts';

describe('a daemon on a host without a helper', () => {
  it('starts, and its doctor finds nothing wrong', async () => {
    await using daemon = await startTestDaemon({
      plugins: [roothelper],
      config: { roothelper: { socket: '/nonexistent/helper.sock' } },
    });
    const { findings } = await daemon.doctor();
    expect(findings.filter(({ check }) => check === 'roothelper.helper')).toMatchObject([
      { status: 'ok', evidence: 'not installed, only needed for bridge networks' },
    ]);
  });

  it('answers calls with what they need', async () => {
    const helper = new HelperClient(join('/nonexistent', 'helper.sock'));
    await expect(helper.reconcile()).rejects.toMatchObject({
      code: 'unavailable',
      hint: expect.stringMatching(/install/),
    });
  });
});
