import type { SessionHandle, VmView } from '../../packages/plugin-vm/src/contract.ts';
import { exec, execText } from '../exec-session.ts';
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
  if (other) await serve(lab, other, `while :; do nc -l -p ${SINK} > /dev/null; done`, SINK);
  return {
    what,
    host,
    ...(other ? { other: { address: other.network.address ?? '', port: SINK } } : {}),
    sh: (line) => execText(lab, { vm: first.name, argv: ['sh', '-c', line] }),
  };
}

/** Starts a server in the guest, and waits until it listens. */
export async function serve(lab: Lab, vm: VmView, line: string, port: number): Promise<void> {
  await lab.call<SessionHandle>('vm.exec.start', { name: vm.name, argv: ['sh', '-c', line], stdin: false });
  const listens = `until netstat -ltn | grep -q :${port}; do sleep 0.1; done`;
  await exec(lab, { vm: vm.name, argv: ['sh', '-c', listens] });
}

/** A VM of busybox that runs until it is disposed of. */
export async function vmOn(lab: Lab, network: string, name: string): Promise<VmView & AsyncDisposable> {
  const request = { image: 'busybox', detach: true, network, name };
  const { vm } = await lab.call<{ vm: VmView }>('vm.run', request);
  return { ...vm, [Symbol.asyncDispose]: () => lab.remove(vm.name) };
}
