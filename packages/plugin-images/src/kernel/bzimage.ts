// Documentation/arch/x86/boot.rst of Linux: "the real-mode kernel header".
const BOOT_FLAG = 0x1fe;
const HEADER_MAGIC = 0x202;
const SETUP_SECTS = 0x1f1;
const VERSION = 0x206;
const PAYLOAD_OFFSET = 0x248;
const PAYLOAD_LENGTH = 0x24c;

/** The compressed kernel inside a bzImage. @throws RangeError when the file is none */
export function bzImagePayload(image: Buffer): Buffer {
  if (image.length < 0x260 || image.readUInt16LE(BOOT_FLAG) !== 0xaa55) throw new RangeError('no boot sector');
  if (image.toString('latin1', HEADER_MAGIC, HEADER_MAGIC + 4) !== 'HdrS') throw new RangeError('no kernel header');
  if (image.readUInt16LE(VERSION) < 0x208) throw new RangeError('boot protocol older than 2.08');
  const setupSectors = image[SETUP_SECTS] || 4;
  const start = (setupSectors + 1) * 512 + image.readUInt32LE(PAYLOAD_OFFSET);
  const end = start + image.readUInt32LE(PAYLOAD_LENGTH);
  if (end > image.length || end - start < 8) throw new RangeError('the payload lies outside the file');
  return image.subarray(start, end);
}
