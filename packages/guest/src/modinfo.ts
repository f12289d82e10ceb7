import { InitramfsError } from './initramfs-error.ts';

/** What a kernel module says about itself in its `.modinfo` section. */
export interface ModuleInfo {
  /** Names of the modules that must be loaded before. */
  readonly depends: readonly string[];
  /** Of the kernel that it was built for; undefined when it does not tell. */
  readonly release: string | undefined;
}

/** Module names are written with `-` in file names and with `_` by the kernel. */
export function normalizeModuleName(name: string): string {
  return name.replaceAll('-', '_');
}

/** @param path for the error message. @throws InitramfsError when the bytes are no 64-bit little-endian ELF module. */
export function readModuleInfo(module: Buffer, path: string): ModuleInfo {
  const section = findSection(module, '.modinfo');
  if (section === undefined) {
    throw new InitramfsError(`${path} is not a kernel module: it has no .modinfo section.`);
  }
  const entries = section.toString('latin1').split('\0');
  const field = (name: string) => entries.find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1);
  const names = (field('depends') ?? '').split(',');
  return {
    depends: names.filter((name) => name !== '').map(normalizeModuleName),
    release: field('vermagic')?.split(' ')[0],
  };
}

/** Offsets of ELF-64: the section header table is at 0x28, its entry size, count and name table at 0x3a … 0x3e. */
function findSection(elf: Buffer, name: string): Buffer | undefined {
  if (elf.length < 64 || elf.readUInt32BE(0) !== 0x7f454c46 || elf[4] !== 2 || elf[5] !== 1) return undefined;
  const table = Number(elf.readBigUInt64LE(0x28));
  const entrySize = elf.readUInt16LE(0x3a);
  const count = elf.readUInt16LE(0x3c);
  if (entrySize < 64 || table + entrySize * count > elf.length) return undefined;
  const header = (index: number) => elf.subarray(table + index * entrySize, table + (index + 1) * entrySize);
  const bytes = (entry: Buffer) => {
    const offset = Number(entry.readBigUInt64LE(0x18));
    return elf.subarray(offset, offset + Number(entry.readBigUInt64LE(0x20)));
  };
  const namesIndex = elf.readUInt16LE(0x3e);
  if (namesIndex >= count) return undefined;
  const names = bytes(header(namesIndex));
  for (let index = 0; index < count; index++) {
    const start = header(index).readUInt32LE(0);
    const end = names.indexOf(0, start);
    if (end > start && names.toString('latin1', start, end) === name) return bytes(header(index));
  }
  return undefined;
}
