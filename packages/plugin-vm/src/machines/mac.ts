/** A locally administered address in QEMU's own range. */
export function macOf(id: string): string {
  return `52:54:00:${id.slice(0, 2)}:${id.slice(2, 4)}:${id.slice(4, 6)}`;
}
