import { stringify } from 'smol-toml';
import { expect, test } from 'vitest';
import { withOrigins } from './config-origins.ts';

test('each setting says whether the file or nobody set it', () => {
  const file = { vm: { memory: 5, 'odd key': { list: ['# no comment', '\n'] }, rule: [{ name: 'a' }] }, daemon: {} };
  const all = {
    vm: { ...file.vm, vcpus: 1, 'odd key': { ...file.vm['odd key'], text: '[not] = "a header"' } },
    daemon: { log_level: 'info' },
    network: { rule: [{ name: 'b' }] },
  };
  expect(withOrigins(stringify(all).trimEnd(), file, '/c.toml')).toBe(`[vm]
memory = 5  # /c.toml
vcpus = 1  # default

[vm."odd key"]
list = [ "# no comment", "\\n" ]  # /c.toml
text = "[not] = \\"a header\\""  # default

[[vm.rule]]
name = "a"  # /c.toml

[daemon]
log_level = "info"  # default

[[network.rule]]
name = "b"  # default`);
});
