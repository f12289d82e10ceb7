/**
 * What systemd sends the processes of a VM when the host is shut down. A vmhost then stops its VM in order, and QEMU
 * ignores it, which a SIGTERM would end at once.
 */
export const STOP_SIGNAL = { name: 'SIGWINCH', number: 28 } as const;
