/** For sizes that nobody chose: `63 MiB`. */
export function formatMebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 1024 ** 2)} MiB`;
}
