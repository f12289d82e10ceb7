/** The smallest ELF object that is a kernel module to its reader: a `.modinfo` section and the names of sections. */
export function moduleObject(depends: readonly string[]): Buffer {
  const vermagic = '6.1.0-nook SMP preempt mod_unload modversions ';
  const modinfo = Buffer.from(`license=GPL\0depends=${depends.join(',')}\0name=x\0vermagic=${vermagic}\0`);
  const names = Buffer.from('\0.modinfo\0.shstrtab\0');
  const header = Buffer.alloc(64);
  header.writeUInt32BE(0x7f454c46, 0);
  header[4] = 2;
  header[5] = 1;
  const table = 64 + modinfo.length + names.length;
  header.writeBigUInt64LE(BigInt(table), 0x28);
  header.writeUInt16LE(64, 0x3a);
  header.writeUInt16LE(3, 0x3c);
  header.writeUInt16LE(2, 0x3e);
  const sections = [section(0, 0, 0), section(1, 64, modinfo.length), section(10, 64 + modinfo.length, names.length)];
  return Buffer.concat([header, modinfo, names, ...sections]);
}

function section(name: number, offset: number, size: number): Buffer {
  const entry = Buffer.alloc(64);
  entry.writeUInt32LE(name, 0);
  entry.writeBigUInt64LE(BigInt(offset), 0x18);
  entry.writeBigUInt64LE(BigInt(size), 0x20);
  return entry;
}
