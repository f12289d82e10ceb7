/** A kernel as a boot loader takes it, around what is packed. */
export function bzImage(payload: Buffer): Buffer {
  const image = Buffer.alloc(3 * 512 + 64);
  image[0x1f1] = 2;
  image.writeUInt16LE(0xaa55, 0x1fe);
  image.write('HdrS', 0x202, 'latin1');
  image.writeUInt16LE(0x20f, 0x206);
  image.writeUInt32LE(64, 0x248);
  image.writeUInt32LE(payload.length, 0x24c);
  return Buffer.concat([image, payload, Buffer.alloc(100)]);
}

/** What is packed, followed by the size of its content, as the kernel's build does it. */
export function sized(packed: Buffer, content: Buffer): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt32LE(content.length);
  return Buffer.concat([packed, size]);
}

/** All as literals but the repeating end, which is one match that overlaps itself. */
export function lz4(content: Buffer): Buffer {
  const literals = content.indexOf('nooknook') + 4;
  const lengthBytes = (value: number) => {
    const bytes: number[] = [];
    for (let left = value; left >= 0; left -= 255) bytes.push(Math.min(left, 255));
    return bytes;
  };
  const match = content.length - literals - 5;
  const tail = content.subarray(-5);
  const block = Buffer.concat([
    Buffer.from([0xff, ...lengthBytes(literals - 15)]),
    content.subarray(0, literals),
    Buffer.from([4, 0, ...lengthBytes(match - 4 - 15)]),
    Buffer.from([5 << 4]),
    tail,
  ]);
  const head = Buffer.alloc(8);
  head.writeUInt32LE(0x184c2102, 0);
  head.writeUInt32LE(block.length, 4);
  return Buffer.concat([head, block]);
}
