import type { SessionHandle, VmView } from '../packages/plugin-vm/src/contract.ts';
import { attach } from './exec-session.ts';
import type { Lab } from './lab.ts';
import { machineOf } from './peers/bare-qemu.ts';

/** From the call that creates a VM to the end of the first command in it, with what came between. */
export async function createToFirstExec(lab: Lab, image: string, more: { readonly network?: string } = {}) {
  const began = performance.now();
  const { vm, session } = await lab.call<{ vm: VmView; session: SessionHandle }>('vm.run', {
    image,
    ...more,
    exec: { argv: ['/bin/true'], stdin: false },
  });
  const started = performance.now();
  await attach(session);
  const ended = performance.now();
  const machine = await machineOf(vm.dir);
  await lab.remove(vm.name);
  const took = (...names: readonly string[]) =>
    vm.boot.reduce((sum, { name, duration_ms }) => (names.includes(name) ? sum + duration_ms : sum), 0);
  const phases: [string, number][] = [
    ['image, kernel, initramfs, disk', took('kernel', 'initramfs', 'driver', 'template', 'disk', 'network')],
    ['start of the vmhost', took('vmhost')],
    ['start of QEMU → agent speaks', took('boot', 'claim') - took('boot: agent')],
    ['agent speaks → guest ready', took('boot: agent')],
    ['first exec, joined by a client', ended - started],
  ];
  return { ms: ended - began, phases, machine, came_up: vm.came_up };
}
