import { type CallContext, isNookError, type PluginContext } from '@nook/daemonapi';
import { z } from 'zod';
import { parseFilters } from './changes/filter.ts';
import type { VmConfig } from './config.ts';
import type { ListenerView, VmView } from './contract.ts';
import { streamLog } from './logs/stream-log.ts';
import { connectPort } from './machines/connect-port.ts';
import type { Machine } from './machines/machine.ts';
import type { Machines } from './machines/machines.ts';
import { Pages } from './machines/pages.ts';
import { matchPorts } from './machines/ports.ts';
import { signalMachine } from './machines/signal-machine.ts';
import { statsOf } from './machines/stats.ts';
import * as schema from './schemas.ts';
import { signalNumber } from './signal-number.ts';

/** The `vm.*` rows of the dispatch table. */
export function registerMethods(context: PluginContext<'vm', VmConfig>, machines: Machines): void {
  registerLifecycle(context, machines);
  registerReads(context, machines);
  registerExec(context, machines);
}

function registerLifecycle({ method, config }: PluginContext<'vm', VmConfig>, machines: Machines): void {
  const stopTime = (seconds = config.stop_seconds) => seconds * 1000;
  method('vm.create', {
    summary: 'Records a new VM; starts it when asked to.',
    access: 'write',
    operation: true,
    params: schema.createParams,
    result: schema.vmView,
    run: async ({ start, expect_session: sessionExpected = false, ...request }, call) => {
      if (!start) return (await machines.create(request, call)).view();
      const starting = { sessionExpected };
      const machine = await machines.create(request, call, starting);
      return orRemove(machine, call, () => machine.start(call, starting));
    },
  });
  method('vm.run', {
    summary: 'Creates and starts a VM and begins a session in it. Leaves nothing behind when any of it fails.',
    access: 'write',
    params: schema.runParams,
    result: schema.runResult,
    run: async ({ exec, detach, ...request }, call) => {
      const starting = { sessionExpected: exec !== undefined };
      const machine = await machines.create(request, call, starting);
      return orRemove(machine, call, async () => {
        const vm = await machine.start(call, starting);
        if (exec === undefined && !machine.guest.hasCommand) return { vm };
        const request = exec ?? { stdin: false };
        return { vm, session: await machine.guest.run(call, { ...request, detach }) };
      });
    },
  });
  method('vm.start', {
    summary: 'Starts a VM that does not run; one that was suspended goes on.',
    access: 'write',
    params: schema.startParams,
    result: schema.vmView,
    run: ({ name, discard_ram }, call) =>
      machines.get(name).start(call, { sessionExpected: false, discardMemory: discard_ram }),
  });
  method('vm.stop', {
    summary: 'Stops a VM within a deadline, gently at first.',
    access: 'write',
    params: schema.stopParams,
    result: schema.vmView,
    run: ({ name, timeout_seconds }, call) => machines.get(name).stop(call, stopTime(timeout_seconds)),
  });
  method('vm.restart', {
    summary: 'Stops a VM and starts it again.',
    access: 'write',
    params: schema.stopParams,
    result: schema.vmView,
    run: async ({ name, timeout_seconds }, call) => {
      const machine = machines.get(name);
      await machine.stop(call, stopTime(timeout_seconds));
      return machine.start(call, { sessionExpected: false });
    },
  });
  method('vm.pause', {
    summary: 'Lets a VM stand still, with its memory kept.',
    access: 'write',
    params: schema.named,
    result: schema.vmView,
    run: ({ name }, call) => machines.get(name).pause(call),
  });
  method('vm.resume', {
    summary: 'Lets a paused or suspended VM go on.',
    access: 'write',
    params: schema.named,
    result: schema.vmView,
    run: ({ name }, call) => machines.get(name).resume(call),
  });
  method('vm.kill', {
    summary: 'Ends a VM at once, or sends its process a signal.',
    access: 'write',
    params: schema.killParams,
    result: schema.vmView,
    run: ({ name, signal }, call) =>
      signal === undefined ? machines.get(name).kill(call) : signalMachine(machines.get(name), signal, call),
  });
  method('vm.feature.set', {
    summary: 'Gives a feature of a VM another part: at once where the VM runs and the feature can.',
    access: 'write',
    params: schema.featureParams,
    result: schema.vmView,
    run: ({ name, feature, part }, call) => machines.get(name).setFeature(call, { name: feature, part }),
  });
  method('vm.delete', {
    summary: 'Removes a VM and its disk.',
    access: 'write',
    params: schema.deleteParams,
    result: schema.deleteResult,
    run: async ({ name, force }, call) => {
      await machines.get(name).remove(call, force ?? false);
      return { name };
    },
  });
}

function registerReads({ method, clock, events }: PluginContext<'vm', VmConfig>, machines: Machines): void {
  const pages = new Pages<Machine>();
  method('vm.list', {
    summary: 'All VMs with what is known of them; asks no VM anything.',
    access: 'read',
    params: schema.listParams,
    result: z.array(schema.vmView),
    run: ({ filter, ...page }): VmView[] => {
      const wanted = filter && parseFilters(filter);
      const listed = pages.page(machines.all(), page, wanted && ((machine) => wanted(machine.record)));
      return listed.map((machine) => machine.view());
    },
  });
  method('vm.show', {
    summary: 'One VM.',
    access: 'read',
    params: schema.named,
    result: schema.vmView,
    run: ({ name }) => machines.get(name).viewBesideUsual(),
  });
  method('vm.stats', {
    summary: 'What VMs use; one that does not answer delays nobody and says so.',
    access: 'read',
    params: schema.statsParams,
    result: schema.statsResult,
    run: ({ names }, call) => {
      const chosen = names?.map((name) => machines.get(name)) ?? machines.all().filter(isRunning);
      return Promise.all(chosen.map((machine) => statsOf(machine, call, () => clock.now())));
    },
  });
  method('vm.ports', {
    summary: 'What a VM listens on, and what is published of it.',
    access: 'read',
    params: schema.named,
    result: schema.portsResult,
    run: async ({ name }, call) => {
      const machine = machines.get(name);
      return matchPorts(
        await machine.guest.ask<GuestListeners>(call, 'listeners'),
        machine.record.shape.network.publish,
      );
    },
  });
  method('vm.logs', {
    summary: "A VM's console, or the log of its vmhost, as a byte stream.",
    access: 'read',
    stream: true,
    params: schema.logsParams,
    result: schema.logsResult,
    run: (params, call) => streamLog(machines.get(params.name), params, { call, events }),
  });
}

function registerExec({ method, contributions }: PluginContext<'vm', VmConfig>, machines: Machines): void {
  method('vm.exec.start', {
    summary: 'Begins a session: a command in a running VM.',
    access: 'write',
    params: schema.execParams,
    result: schema.sessionHandle,
    run: ({ name, ...request }, call) => machines.get(name).guest.exec(call, request),
  });
  method('vm.exec.attach', {
    summary: 'Where and how to attach to a session.',
    access: 'write',
    params: schema.attachParams,
    result: schema.sessionHandle,
    run: ({ name, session }, call) => machines.get(name).guest.sessionHandle(call, session),
  });
  method('vm.copy', {
    summary: 'Begins a copy into or out of a running VM; the records of it go over the socket that is answered.',
    access: 'write',
    params: schema.copyParams,
    result: schema.sessionHandle,
    run: ({ name, ...request }, call) => machines.get(name).guest.copy(call, request),
  });
  method('vm.connect', {
    summary:
      'Connects to a TCP port of a running VM through its guest channel; the bytes go over the socket that is answered.',
    access: 'write',
    params: schema.connectParams,
    result: schema.sessionHandle,
    run: ({ name, port, direct }, call) =>
      connectPort(machines.get(name), { port, direct }, { call, answered: contributions('vm.port') }),
  });
  method('vm.exec.signal', {
    summary: "Sends a signal to a session's process group.",
    access: 'write',
    params: schema.signalParams,
    result: schema.signalResult,
    run: async ({ name, session, signal }, call) => {
      await machines.get(name).guest.ask(call, 'exec.signal', { params: { session, signal: signalNumber(signal) } });
      return { session };
    },
  });
  method('vm.exec.kill', {
    summary: 'Ends a session at once.',
    access: 'write',
    params: schema.attachParams,
    result: schema.signalResult,
    run: async ({ name, session }, call) => {
      await machines.get(name).guest.ask(call, 'exec.signal', { params: { session, signal: signalNumber('KILL') } });
      return { session };
    },
  });
  method('vm.exec.list', {
    summary: 'The sessions of a VM.',
    access: 'read',
    params: schema.named,
    result: schema.sessionList,
    run: async ({ name }, call) => [...(await machines.get(name).guest.sessions(call))],
  });
}

type GuestListeners = { readonly listeners: readonly Omit<ListenerView, 'published'>[]; readonly more: number };

function isRunning({ record }: Machine): boolean {
  return record.state === 'running' || record.state === 'paused';
}

/** Removes the new machine again when bringing it into use fails. */
async function orRemove<T>(machine: Machine, call: CallContext, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await machine.remove(call, true).catch((removal: unknown) => {
      if (isNookError(removal) && removal.code === 'not_found') return;
      call.log.error({ error: String(removal) }, 'a VM that failed to start could not be removed');
    });
    throw error;
  }
}
