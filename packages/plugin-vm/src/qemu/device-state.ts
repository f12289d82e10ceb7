const MAGIC_AND_VERSION = 8;
const CONFIGURATION = 0x07;
const DESCRIPTION = 0x06;

/**
 * Turns what `xen-save-devices-state` writes (the states of all devices, and nothing of the RAM) into a migration stream
 * that `migrate-incoming` takes: it lacks only the configuration section, which names the machine type, and at the end
 * the description, JSON for people who debug, whose absence QEMU complains about. The format is that of QEMU's
 * migration/savevm.c: magic, version, `0x07`, length and name of the machine, the sections, `0x06`, length and text.
 */
export function asMigrationStream(deviceState: Buffer, machineType: string): Buffer {
  return Buffer.concat([
    deviceState.subarray(0, MAGIC_AND_VERSION),
    section(CONFIGURATION, machineType),
    deviceState.subarray(MAGIC_AND_VERSION),
    section(DESCRIPTION, '{}'),
  ]);
}

function section(type: number, text: string): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt8(type, 0);
  header.writeUInt32BE(text.length, 1);
  return Buffer.concat([header, Buffer.from(text, 'ascii')]);
}
