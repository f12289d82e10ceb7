import type { CallContext, PluginContext } from '@nook/daemonapi';
import type { ImagesConfig } from './config.ts';
import type { EnsureOptions } from './contract.ts';
import * as schemas from './schemas.ts';
import type { Images } from './store/images.ts';
import type { Kernels } from './store/kernels.ts';

type Context = PluginContext<'images', ImagesConfig>;

function waiter(call: CallContext): EnsureOptions {
  return { signal: call.signal, progress: (progress) => call.progress(progress) };
}

export function registerImageMethods(context: Context, images: Images): void {
  context.method('image.list', {
    summary: 'Lists images: those in the store, and those of the catalog that can be pulled.',
    access: 'read',
    params: schemas.listOptions,
    result: schemas.imageRows,
    run: (params) => images.list(params),
  });
  context.method('image.show', {
    summary: 'Shows an image of the store by name or digest.',
    access: 'read',
    params: schemas.byReference,
    result: schemas.imageInfo,
    run: ({ reference }) => images.show(reference),
  });
  context.method('image.pull', {
    summary: 'Brings an image of the catalog into the store.',
    access: 'write',
    operation: true,
    params: schemas.imagePull,
    result: schemas.imageInfo,
    run: (params, call) => images.pull(params, waiter(call)),
  });
  context.method('image.import', {
    summary:
      "Makes an image of a file or folder: a root file system's tar, an archive of `docker save`, an OCI layout, a disk.",
    access: 'write',
    operation: true,
    params: schemas.imageImport,
    result: schemas.imageInfo,
    run: (params, call) => images.import(params, waiter(call)),
  });
  context.method('image.export', {
    summary: 'Writes an image as an OCI layout, an archive as of `docker save`, a tar of its root, or a qcow2 disk.',
    access: 'write',
    operation: true,
    params: schemas.imageExport,
    result: schemas.imageExported,
    run: (params, call) => images.export(params, waiter(call)),
  });
  context.method('image.register', {
    summary: "Makes an image of a user's own raw disk, which stays where it is and is never changed or removed.",
    access: 'write',
    operation: true,
    params: schemas.imageRegister,
    result: schemas.imageInfo,
    run: (params, call) => images.register(params, waiter(call)),
  });
  context.method('image.promote', {
    summary: 'Takes a registered image into the store, which then no longer needs the file.',
    access: 'write',
    operation: true,
    params: schemas.byReference,
    result: schemas.imageInfo,
    run: ({ reference }, call) => images.promote(reference, waiter(call)),
  });
  context.method('image.rm', {
    summary: 'Removes an image that no VM uses.',
    access: 'write',
    params: schemas.byReference,
    result: schemas.removal,
    run: ({ reference }, call) => images.remove(reference, call.signal),
  });
}

export function registerKernelMethods(context: Context, kernels: Kernels): void {
  context.method('kernel.list', {
    summary: 'Lists kernels: those in the store, and those that can be pulled.',
    access: 'read',
    params: schemas.listOptions,
    result: schemas.kernelRows,
    run: (params) => kernels.list(params),
  });
  context.method('kernel.show', {
    summary: 'Shows a kernel of the store by name or digest.',
    access: 'read',
    params: schemas.byOptionalReference,
    result: schemas.kernelInfo,
    run: ({ reference }) => kernels.show(reference),
  });
  context.method('kernel.pull', {
    summary: 'Brings a kernel of the catalog or of another place into the store.',
    access: 'write',
    operation: true,
    params: schemas.kernelPull,
    result: schemas.kernelInfo,
    run: (params, call) => kernels.pull(params, waiter(call)),
  });
  context.method('kernel.import', {
    summary: 'Makes a kernel of the store of a file, with its modules and its initrd.',
    access: 'write',
    operation: true,
    params: schemas.kernelImport,
    result: schemas.kernelInfo,
    run: (params, call) => kernels.import(params, waiter(call)),
  });
  context.method('kernel.rm', {
    summary: 'Removes a kernel.',
    access: 'write',
    params: schemas.byReference,
    result: schemas.removal,
    run: ({ reference }, call) => kernels.remove(reference, call.signal),
  });
}
