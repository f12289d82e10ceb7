import { PassThrough } from 'node:stream';
import { type MachineSpec, NookError, type VmDriverCapability } from '@nook/daemonapi';
import { JsonLog } from '@nook/wire';
import { describe, expect, it } from 'vitest';
import { DrivenMachine } from './driven-machine.ts';

const host = { log: new JsonLog('/dev/null', () => ({})), console: () => {}, stderr: () => {} };

/** A machine of an engine whose abilities are there, whatever is declared. */
function machine(capabilities: readonly VmDriverCapability[], spec: Partial<MachineSpec> = {}, engine = ENGINE) {
  return new DrivenMachine({ name: 'tiny', title: 'Tiny', engine, capabilities }, spec as MachineSpec);
}

const agent = new PassThrough();
Object.assign(globalThis, { tinyAgent: agent });
const ENGINE = `data:text/javascript,${encodeURIComponent(`
  export const createMachine = async () => ({
    pid: 4711,
    started: Promise.resolve({
      agent: globalThis.tinyAgent,
      quit: async () => {}, powerdown: async () => {}, pause: async () => {}, resume: async () => {},
      saveState: async () => {}, switchDisk: async () => {}, growDisk: async () => {},
      connectNetwork: async () => {}, setForwards: async () => {},
    }),
    exited: new Promise(() => {}),
    kill: () => {},
    signal: () => true,
  });`)}`;

const NETWORK: MachineSpec['network'] = { mode: 'none', mac: '52:54:00:12:34:56', host_forwards: [] };

const refusal = (message: string) => new NookError('unavailable', message);

describe('a machine', () => {
  it('can be killed before it has started, and asked nothing', async () => {
    const driven = machine(['powerdown']);
    expect(driven.abilities).toEqual({ powerdown: false, quit: false });
    await driven.launch(host);
    expect(driven).toMatchObject({ pid: 4711, abilities: { powerdown: false, quit: false } });
    expect((await driven.started()).agent).toBe(agent);
    expect(driven.abilities).toEqual({ powerdown: true, quit: true });
  });

  it('does what its driver declares', async () => {
    const driven = machine(['pause']);
    await driven.launch(host);
    await driven.started();
    await driven.pause();
    expect(driven.paused).toBe(true);
    await driven.resume();
    expect(driven.paused).toBe(false);
  });

  it('refuses by the name of its driver what that does not declare, also where the engine has it', async () => {
    const driven = machine([]);
    await driven.launch(host);
    await driven.started();
    await expect(driven.pause()).rejects.toThrow(refusal("Driver 'tiny' cannot pause a VM."));
    expect(driven).toMatchObject({ paused: false, abilities: { powerdown: false, quit: true } });
    const resumed = machine(['pause'], { resume: { ram: '/ram', devices: '/devices' } });
    await expect(resumed.launch(host)).rejects.toThrow(refusal("Driver 'tiny' cannot resume a VM."));
  });

  it.each<[VmDriverCapability, string, (driven: DrivenMachine) => unknown]>([
    ['pause', 'resume a VM', (driven) => driven.resume()],
    ['ram_snapshot', 'save the memory of a VM', (driven) => driven.saveState({ ram: '/ram', devices: '/devices' })],
    ['disk_snapshot', 'snapshot the disk of a VM', (driven) => driven.switchDisk('/next.qcow2')],
    ['disk_resize', 'grow the disk of a VM', (driven) => driven.growDisk(1)],
    ['network_connect', 'connect the network of a VM', (driven) => driven.connectNetwork(NETWORK)],
    ['port_forwards', 'change the published ports of a VM', (driven) => driven.setForwards([])],
    ['signal', 'send a signal to the process of a VM', (driven) => driven.signal(15)],
  ])('without %s cannot %s, and with it does', async (capability, what, ask) => {
    const driven = machine([]);
    await driven.launch(host);
    await driven.started();
    await expect((async () => ask(driven))()).rejects.toThrow(refusal(`Driver 'tiny' cannot ${what}.`));
    const able = machine([capability]);
    await able.launch(host);
    await able.started();
    await ask(able);
  });

  it('without mount_9p is not launched with folders of the host', async () => {
    const shares = [{ tag: 'share0', path: '/srv', read_only: true }];
    const message = "Driver 'tiny' cannot mount folders of the host in a VM.";
    await expect(machine([], { shares }).launch(host)).rejects.toThrow(refusal(message));
    await machine(['mount_9p'], { shares }).launch(host);
  });

  it('says whose engine it is that cannot be used', async () => {
    await expect(machine([], {}, 'file:///no/such/engine.mjs').launch(host)).rejects.toThrow(
      /engine of driver 'tiny' cannot be loaded: Cannot find module/,
    );
    await expect(machine([], {}, 'data:text/javascript,export default 1').launch(host)).rejects.toThrow(
      "the engine of driver 'tiny' exports no createMachine",
    );
  });
});
