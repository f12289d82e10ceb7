import type { SessionHandle, VmView } from '../../packages/plugin-vm/src/contract.ts';
import { exec, execText } from '../exec-session.ts';
import { installInGuest } from '../guest-program.ts';
import type { Lab } from '../lab.ts';
import type { Pair, Place } from './pair.ts';

const SINK = 81;

interface Members {
  readonly what: string;
  readonly first: VmView;
  readonly other?: VmView;
  readonly host: Place;
}

/** Two of nook's VMs. */
export async function nookPair(lab: Lab, { what, first, other, host }: Members): Promise<Pair> {
  if (other) await serve(lab, other, ['sink', SINK]);
  return {
    program: await installInGuest(lab, first.name, 'tcp-blocks'),
    what,
    host,
    ...(other ? { other: { address: other.network.address ?? '', port: SINK } } : {}),
    sh: (line) => execText(lab, { vm: first.name, argv: ['sh', '-c', line] }),
  };
}

/** Starts tcp-blocks in the guest, and waits until it listens. */
export async function serve(lab: Lab, vm: VmView, [mode, port, ...rest]: [string, number, ...number[]]): Promise<void> {
  const program = await installInGuest(lab, vm.name, 'tcp-blocks');
  const argv = [program, mode, port, ...rest].map(String);
  await lab.call<SessionHandle>('vm.exec.start', { name: vm.name, argv, stdin: false });
  const listens = `until netstat -ltn | grep -q :${port}; do sleep 0.1; done`;
  await exec(lab, { vm: vm.name, argv: ['sh', '-c', listens] });
}

/** A VM of busybox that runs until it is disposed of. */
export async function vmOn(lab: Lab, network: string, name: string): Promise<VmView & AsyncDisposable> {
  const request = { image: 'busybox', detach: true, network, name };
  const { vm } = await lab.call<{ vm: VmView }>('vm.run', request);
  return { ...vm, [Symbol.asyncDispose]: () => lab.remove(vm.name) };
}
