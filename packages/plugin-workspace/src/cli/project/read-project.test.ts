import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readProject } from './read-project.ts';
import { starterFile } from './starter.ts';

describe('nook.toml', () => {
  let folder: string;

  const read = async (text: string, env: Record<string, string> = {}) => {
    await writeFile(join(folder, 'nook.toml'), text);
    return readProject({ folder: join(folder, 'src', 'deep'), env });
  };

  beforeAll(async () => {
    folder = join(await mkdtemp(join(tmpdir(), 'nook-project-test-')), 'My Shop');
    await mkdir(join(folder, 'src', 'deep'), { recursive: true });
  });
  afterAll(() => rm(join(folder, '..'), { recursive: true, force: true }));

  it('is found on the way up, and its paths begin at its folder', async () => {
    const project = await read(
      `
[machine.web]
depends_on = ["db"]
workspace = "."
mounts = [{ source = "\${WHERE}/data", target = "/data" }]
files = [{ source = "app.conf", target = "/etc/app.conf" }]
secrets = { token = { file = "~/.token" }, key = { env = "KEY" } }
[machine.db]
`,
      { WHERE: '..' },
    );
    expect(project).toMatchObject({ name: 'my-shop', file: join(folder, 'nook.toml') });
    expect(project.machines.map(({ vm }) => vm)).toEqual(['my-shop-db', 'my-shop-web']);
    expect(project.machines[1]).toMatchObject({
      workspace: folder,
      mounts: [{ source: join(folder, '../data'), target: '/data', read_only: false }],
      files: [{ source: join(folder, 'app.conf'), target: '/etc/app.conf', mode: '0644' }],
      secrets: { token: { file: join(homedir(), '.token') }, key: { env: 'KEY' } },
    });
  });

  it('gives machines networks of the project, and others as they are called', async () => {
    const { networks, machines } = await read(
      'name = "shop"\n[network.back]\nsubnet = "10.77.5.0/24"\n[machine.a]\nnetwork = "back"\n[machine.b]\nnetwork = "none"\n',
    );
    expect(networks).toEqual([{ name: 'shop-back', subnet: '10.77.5.0/24', isolated: false }]);
    expect(machines.map(({ network }) => network)).toEqual(['shop-back', 'none']);
  });

  it('tells all that is wrong at once, with lines and with what was probably meant', async () => {
    const wrong = read(`name = "shop"

[machine.web]
memroy = "2G"
vcpus = 0
image = "\${IMAGE}"

[machine.web.service.app]
command = "serve"
restrat = "always"
`);
    await expect(wrong).rejects.toMatchObject({ code: 'bad_params' });
    const message = await wrong.then(String, (error: Error) => error.message);
    expect(message).toContain("line 4: machine.web.memroy: Unknown key. Did you mean 'memory'?");
    expect(message).toContain('line 5: machine.web.vcpus:');
    expect(message).toContain('line 6: machine.web.image: The variable IMAGE is not set.');
    expect(message.split('machine.web.image')).toHaveLength(2);
    expect(message).toContain("line 10: machine.web.service.app.restrat: Unknown key. Did you mean 'restart'?");
  });

  it('has no machine that waits for itself, or for one that is not there', async () => {
    const cycle = `[machine.a]\ndepends_on = ["b"]\n[machine.b]\ndepends_on = ["a"]\n`;
    await expect(read(cycle)).rejects.toThrow('line 2: machine.a.depends_on: Machines wait for each other: a → b → a');
    await expect(read('[machine.cache]\ndepends_on = ["cahce"]\n')).rejects.toThrow("'cahce'. Did you mean 'cache'?");
    await expect(read('name = "x"\n[machine]\n')).rejects.toThrow('There is no machine');
  });

  it('says where TOML itself is wrong', async () => {
    await expect(read('[machine.web\n')).rejects.toMatchObject({
      code: 'bad_params',
      message: expect.stringContaining('nook.toml'),
    });
    await expect(readProject({ file: 'none.toml', folder, env: {} })).rejects.toMatchObject({ code: 'not_found' });
    await expect(readProject({ folder: '/proc', env: {} })).rejects.toMatchObject({
      hint: expect.stringContaining('nook init'),
    });
  });

  it('is understood as nook init writes it', async () => {
    expect((await read(starterFile(folder))).machines).toMatchObject([{ machine: 'dev', workspace: folder }]);
    const all = starterFile(folder).replace(/^# (?=[[a-z].*[\]=])/gm, '');
    await expect(read(all.replace('["db"]', '[]'))).resolves.toMatchObject({ name: 'my-shop' });
  });
});
