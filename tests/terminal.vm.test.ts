import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { busyboxVm, type Shown } from './harness/busybox-vm.ts';
import { eventually } from './harness/eventually.ts';
import { Home } from './harness/home.ts';
import { Person } from './harness/person.ts';

describe('at a terminal', () => {
  let home: Home;

  beforeAll(async () => {
    home = await Home.create({ warm: true });
    await home.ok('vm', 'run', '-d', '--name', 'deb');
    await busyboxVm(home, 'box');
  });
  afterAll(() => home[Symbol.asyncDispose]());

  it('a shell has job control, the terminal type, the window size, also after a resize, and Ctrl-C', async () => {
    const person = new Person(home, ['vm', 'exec', 'deb']);
    const prompt = /# /;
    await person.reads(prompt);
    person.type('echo "term=$TERM" $(stty size)\r');
    await person.reads(/term=xterm-256color 30 100/);
    await person.reads(prompt);
    person.resize(140, 50);
    // What is typed may arrive before the size.
    await person.insists('stty size\r', /50 140/);
    await person.reads(prompt);
    person.type('sh -c "echo begun; exec sleep 1000"\r');
    await person.reads(/begun\r\n/);
    await person.insists('\x1a', /Stopped +(.*)sleep 1000/);
    await person.reads(prompt);
    person.type('fg\r');
    await person.reads(/fg\r\n(.*)sleep 1000/s);
    await person.insists('\x03', prompt);
    person.type('echo "code=$?"\r');
    await person.reads(/code=130/);
    await person.reads(prompt);
    person.type('exit 4\r');
    expect(await person.ended).toBe(4);
  });

  it('`vm run` without a command is a shell in a new machine, whose end removes it', async () => {
    const person = new Person(home, ['vm', 'run', '--rm', '--image', 'busybox', '--name', 'fresh']);
    await person.reads(/# /);
    person.type('hostname; exit\r');
    await person.reads(/fresh\r\n/);
    expect(await person.ended).toBe(0);
    expect((await home.json<Shown[]>('vm', 'list')).map(({ name }) => name).sort()).toEqual(['box', 'deb']);
  });

  it('closing it removes the VM of `vm run --rm`', async () => {
    const person = new Person(home, ['vm', 'run', '--rm', '--image', 'busybox', '--name', 'closed']);
    await person.reads(/# /);
    person.closeTerminal();
    await person.ended;
    const names = async () => (await home.json<Shown[]>('vm', 'list')).map(({ name }) => name);
    await eventually('the VM is removed', names, (found) => !found.includes('closed'));
  });

  it('gets its own modes back, and sees progress while a machine boots', async () => {
    const shell = new Person(home, [
      'vm',
      'run',
      '--rm',
      '--image',
      'busybox',
      '--',
      'sh',
      '-c',
      'stty -a | head -1; exit 6',
    ]);
    await shell.reads(/boot/);
    await shell.reads(/rows 30; columns 100/);
    expect(await shell.ended).toBe(6);
  });
});
