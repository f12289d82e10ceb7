// Xen's public/elfnote.h: the note that says where a kernel is entered without firmware. QEMU boots such an ELF directly.
const PT_NOTE = 4;
const XEN_ELFNOTE_PHYS32_ENTRY = 18;

/** Whether a 64-bit ELF carries the PVH entry note. */
export function hasPvhNote(elf: Buffer): boolean {
  if (elf.length < 64 || elf.readUInt32BE(0) !== 0x7f454c46 || elf[4] !== 2 || elf[5] !== 1) return false;
  const table = Number(elf.readBigUInt64LE(32));
  const entrySize = elf.readUInt16LE(54);
  const count = elf.readUInt16LE(56);
  for (let index = 0; index < count; index += 1) {
    const at = table + index * entrySize;
    if (at + 56 > elf.length) return false;
    if (elf.readUInt32LE(at) !== PT_NOTE) continue;
    const offset = Number(elf.readBigUInt64LE(at + 8));
    const size = Number(elf.readBigUInt64LE(at + 32));
    if (offset + size <= elf.length && notesHavePvh(elf.subarray(offset, offset + size))) return true;
  }
  return false;
}

function notesHavePvh(notes: Buffer): boolean {
  const aligned = (size: number) => Math.ceil(size / 4) * 4;
  for (let at = 0; at + 12 <= notes.length; ) {
    const nameSize = notes.readUInt32LE(at);
    const dataSize = notes.readUInt32LE(at + 4);
    const type = notes.readUInt32LE(at + 8);
    if (type === XEN_ELFNOTE_PHYS32_ENTRY && notes.toString('latin1', at + 12, at + 15) === 'Xen') return true;
    at += 12 + aligned(nameSize) + aligned(dataSize);
  }
  return false;
}
