const MAGIC_AND_VERSION = 8;
const CONFIGURATION = 0x07;

/**
 * Turns what `xen-save-devices-state` writes (the states of all devices, and nothing of the RAM) into a migration stream
 * that `migrate-incoming` takes: it lacks only the configuration section, which names the machine type. The format is
 * that of QEMU's migration/savevm.c: magic, version, `0x07`, length and name of the machine, then the sections.
 */
export function asMigrationStream(deviceState: Buffer, machineType: string): Buffer {
  const name = Buffer.from(machineType, 'ascii');
  const configuration = Buffer.alloc(5);
  configuration.writeUInt8(CONFIGURATION, 0);
  configuration.writeUInt32BE(name.length, 1);
  return Buffer.concat([
    deviceState.subarray(0, MAGIC_AND_VERSION),
    configuration,
    name,
    deviceState.subarray(MAGIC_AND_VERSION),
  ]);
}
