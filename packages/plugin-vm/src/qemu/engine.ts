import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import {
  type MachineExit,
  type MachineHost,
  type MachineSpec,
  NookError,
  type RunningMachine,
  type StartedMachine,
} from '@nook/daemonapi';
import { OneConnection } from './one-connection.ts';
import { inheritedFiles, qemuArguments } from './qemu-argv.ts';
import { type QemuSettings, SOCKETS } from './qemu-settings.ts';
import { spawnQemu } from './spawn-qemu.ts';
import { StartedQemu } from './started-qemu.ts';

const STDERR_BYTES = 8 * 1024;

/** The QEMU of one VM, as `vm.driver` has it. It connects to sockets that listen before it starts. */
export async function createMachine(spec: MachineSpec, host: MachineHost): Promise<RunningMachine> {
  const settings = spec.settings as unknown as QemuSettings;
  const [qmp, agent] = await Promise.all(
    [SOCKETS.qmp, SOCKETS.agent].map((name) => OneConnection.listen(join(spec.work_dir, name), spec.run_as)),
  );
  const connections = [qmp, agent] as [OneConnection, OneConnection];
  const close = () => Promise.all(connections.map((connection) => connection.close()));
  try {
    const child = spawnQemu(settings.program, qemuArguments(spec, settings), {
      cwd: spec.work_dir,
      inherit: inheritedFiles(spec),
      user: spec.run_as,
    });
    const ended = endOf(child, host);
    await once(child, 'spawn');
    return running(child, { connections, host, ended, spec });
  } catch (error) {
    await close();
    throw error;
  }
}

interface Parts {
  readonly connections: readonly [OneConnection, OneConnection];
  readonly host: MachineHost;
  readonly spec: MachineSpec;
  readonly ended: Promise<MachineExit>;
}

function running(child: ChildProcess, { connections, host, ended, spec }: Parts): RunningMachine {
  const [qmp, agent] = connections;
  let machine: StartedQemu | undefined;
  const gone = ended.then(() => {
    throw new NookError('unavailable', 'QEMU ended before it took orders.');
  });
  const connected = Promise.all([qmp.socket, agent.socket]).then(async ([control, port]) => {
    machine = new StartedQemu({ pid: child.pid as number, control, agent: port, spec, log: host.log });
    await machine.begin();
    return machine as StartedMachine;
  });
  const started = Promise.race([connected, gone]).finally(() => Promise.all([qmp.close(), agent.close()]));
  started.catch(() => {});
  return {
    pid: child.pid as number,
    started,
    exited: ended.then((exit) => {
      machine?.close();
      return { ...exit, ...(machine?.endedByGuest === undefined ? {} : { guest: machine.endedByGuest }) };
    }),
    kill: () => child.kill('SIGKILL'),
    signal: (number) => child.kill(number),
  };
}

function endOf(child: ChildProcess, host: MachineHost): Promise<MachineExit> {
  let stderr = '';
  child.stdout?.on('data', (bytes: Buffer) => host.console(bytes));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-STDERR_BYTES);
    host.stderr(text);
  });
  return new Promise((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal, stderr: stderr.trim() }));
  });
}
