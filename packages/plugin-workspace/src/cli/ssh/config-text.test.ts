import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { configText } from './config-text.ts';
import { hasInclude, withInclude, withoutInclude } from './include-line.ts';

const dir = mkdtempSync(join(tmpdir(), 'nook-ssh-'));
afterAll(() => rmSync(dir, { recursive: true }));

const hasSsh = (() => {
  try {
    execFileSync('ssh', ['-V'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

/** What the OpenSSH client makes of a configuration, for one host. */
function settingsOf(host: string, config: string): Map<string, string> {
  const path = join(dir, 'config');
  writeFileSync(path, config, { mode: 0o600 });
  const lines = execFileSync('ssh', ['-F', path, '-G', host], { encoding: 'utf8' }).split('\n');
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)]));
}

describe.skipIf(!hasSsh)('the configuration, as OpenSSH reads it', () => {
  const files = { identity_file: "/a b/50%'s/id", known_hosts_file: '/a b/known' };
  const program = { argv: ['/opt/node 24/node', "/it's/nook.mjs"], env: { NOOK_HOME: '/x y', NOOK_STORE: undefined } };

  test('has odd paths as they are, and leaves other hosts alone', () => {
    const config = configText(files, program);
    const settings = settingsOf('web.nook', config);
    expect(settings.get('user')).toBe('root');
    expect(settings.get('proxycommand')).toBe(
      `env 'NOOK_HOME=/x y' '/opt/node 24/node' '/it'\\''s/nook.mjs' vm proxy %h %p`,
    );
    expect(settings.get('userknownhostsfile')).toBe('/a b/known');
    expect(settings.get('stricthostkeychecking')).toBe('true');
    expect(settings.get('forwardagent')).toBe('no');
    expect(settingsOf('example.org', config).get('proxycommand')).toBeUndefined();
  });

  test('goes before what the user has set, through one line', () => {
    const own = join(dir, 'own config');
    writeFileSync(own, configText(files, program), { mode: 0o600 });
    const config = withInclude('Host *\n  User somebody\n  ForwardAgent yes\n', own);
    expect(settingsOf('web.nook', config).get('forwardagent')).toBe('no');
    expect(settingsOf('example.org', config).get('user')).toBe('somebody');
  });
});

test('the line comes once, and goes without a trace', () => {
  for (const before of ['', 'Host *\n  User me\n', '# no end of line']) {
    const after = withInclude(withInclude(before, '/n/config'), '/n/config');
    expect(after.match(/Include/g)).toHaveLength(1);
    expect(hasInclude(after, '/n/config')).toBe(true);
    expect(hasInclude(before, '/n/config')).toBe(false);
    expect(withoutInclude(after, '/n/config')).toBe(before);
  }
  expect(withoutInclude('Include "/other"\n', '/n/config')).toBe('Include "/other"\n');
});
