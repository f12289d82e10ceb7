/** Version of the methods of a vmhost's control socket (docs/protocol.md): it outlives upgrades of the daemon, and later ones only add. */
export const CONTROL_VERSION = 2;
