import type { PluginContext } from '@nook/daemonapi';
import type { VmConfig } from '../config.ts';
import type { TemplateView } from '../contract.ts';
import type { Dependencies } from '../machines/dependencies.ts';
import { resolveShape } from '../machines/resolve-shape.ts';
import type { Pool } from '../pool/pool.ts';
import * as schema from '../schemas.ts';
import type { TemplateBuilder } from './template-builder.ts';
import type { StoredTemplate } from './template-store.ts';

interface Parts {
  readonly dependencies: Dependencies;
  readonly builder: TemplateBuilder;
  readonly pool: Pool;
}

/** The `vm.template.*` and `vm.pool.*` rows of the dispatch table. */
export function registerTemplateMethods(
  { method }: PluginContext<'vm', VmConfig>,
  { dependencies, builder, pool }: Parts,
): void {
  const { templates } = dependencies;
  method('vm.template.list', {
    summary: 'The templates that new VMs begin as, the latest used first.',
    access: 'read',
    params: schema.noParams,
    result: schema.templateList,
    run: async () => (await templates.store.list()).map(toView),
  });
  method('vm.template.warm', {
    summary: 'Makes the template of an image and shape, unless it is there.',
    access: 'write',
    operation: true,
    params: schema.warmParams,
    result: schema.warmResult,
    run: async (request, call) => {
      const { network, auto_remove, init, mounts, ...shape } = await resolveShape(request, dependencies, call);
      return builder.ensure(shape, call);
    },
  });
  method('vm.template.remove', {
    summary: 'Removes a template. VMs that began as it are not touched.',
    access: 'write',
    params: schema.templateParams,
    result: schema.templateResult,
    run: async ({ key }) => ({ key: await templates.remove(key) }),
  });
  method('vm.pool.show', {
    summary: 'The machines that wait to become VMs.',
    access: 'read',
    params: schema.noParams,
    result: schema.poolView,
    run: () => pool.view(),
  });
}

function toView({ key, manifest, bytes, used_at }: StoredTemplate): TemplateView {
  const { inputs, image_name, created_at } = manifest;
  const { setup, image, driver, vcpus, memory_bytes, disk_bytes } = inputs;
  return {
    ...{ key, image: image_name, image_digest: image, vcpus, memory_bytes, disk_bytes, driver },
    ...{ driver_version: setup.version, accelerator: setup.accelerator, machine: setup.machine },
    ...{ bytes, created_at, used_at },
  };
}
