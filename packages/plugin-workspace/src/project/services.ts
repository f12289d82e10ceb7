import { isDeepStrictEqual } from 'node:util';
import { NookError } from '@nook/daemonapi';
import type { ServiceDefinition, ServiceView } from './project-contract.ts';
import { NEW_RUN, Service, type ServiceParts } from './service.ts';

/** The services of all VMs. */
export class Services {
  readonly #parts: ServiceParts;
  /** VM → name → service; read from the store when it is first asked for. */
  #services: Map<string, Map<string, Service>> | undefined;

  constructor(parts: ServiceParts) {
    this.#parts = parts;
  }

  /** Has exactly these run in a VM: ends the others, and begins anew what is another one now. */
  async set(vm: string, definitions: Readonly<Record<string, ServiceDefinition>>, opId: string): Promise<void> {
    const services = new Map(this.#of(vm));
    this.#all().set(vm, services);
    const ended = [...services.values()].filter(
      ({ name, definition }) => !isDeepStrictEqual(definition, definitions[name]),
    );
    await Promise.all(ended.map((service) => service.stop(opId)));
    for (const service of ended) {
      service.close();
      services.delete(service.name);
      this.#parts.records.remove(vm, service.name);
    }
    for (const [name, definition] of Object.entries(definitions)) {
      if (!services.has(name)) services.set(name, new Service({ vm, name, definition, run: NEW_RUN }, this.#parts));
    }
    await Promise.all([...services.values()].map((service) => service.begin(opId)));
  }

  /** Ends all of a VM, within their grace periods. */
  async stop(vm: string, opId: string): Promise<void> {
    await Promise.all([...this.#of(vm).values()].map((service) => service.stop(opId)));
  }

  reach(vm: string, opId: string, booted: boolean): void {
    for (const service of this.#of(vm).values()) void service.reach(opId, booted).catch(() => {});
  }

  forget(vm: string): void {
    for (const service of this.#of(vm).values()) {
      service.close();
      this.#parts.records.remove(vm, service.name);
    }
    this.#all().delete(vm);
  }

  view(vm: string): ServiceView[] {
    return [...this.#of(vm).values()].map(({ name, definition, run }) => {
      const { session, earlier, ends: _, next_at, ...seen } = run;
      return {
        ...{ name, definition, ...seen },
        ...(session === undefined ? {} : { session: session.session }),
        ...(next_at === undefined ? {} : { next_restart_at: next_at }),
        earlier_sessions: [...earlier],
      };
    });
  }

  /** Resolves with how a service stands when its session is another one than `session`, or there will be none by itself. @throws NookError `not_found` */
  async next(
    vm: string,
    { service, session }: { service: string; session: string },
    signal: AbortSignal,
  ): Promise<ServiceView> {
    const gone = Promise.withResolvers<never>();
    gone.promise.catch(() => {});
    signal.addEventListener('abort', () => gone.reject(signal.reason), { once: true });
    for (;;) {
      const found = this.#of(vm).get(service);
      const view = this.view(vm).find(({ name }) => name === service);
      if (!found || !view) throw new NookError('not_found', `There is no service '${service}' any more.`);
      const isOver = view.state === 'exited' || view.state === 'stopped';
      if (isOver || (view.session !== undefined && view.session !== session)) return view;
      await Promise.race([found.changed, gone.promise]);
    }
  }

  close(): void {
    for (const services of this.#services?.values() ?? []) for (const service of services.values()) service.close();
  }

  #of(vm: string): ReadonlyMap<string, Service> {
    return this.#all().get(vm) ?? new Map();
  }

  #all(): Map<string, Map<string, Service>> {
    if (this.#services) return this.#services;
    const all = new Map<string, Map<string, Service>>();
    this.#services = all;
    for (const record of this.#parts.records.all()) {
      const services = all.get(record.vm) ?? new Map<string, Service>();
      all.set(record.vm, services.set(record.name, new Service(record, this.#parts)));
    }
    return all;
  }
}
