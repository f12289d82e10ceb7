import { SYSTEM_DIRS } from '@nook/wire';

export const HELPER_UNIT = 'nook-roothelper.service';
export const DAEMON_UNIT = 'nookd.service';
export const SOCKET_UNIT = 'nookd.socket';

/** Absolute paths without white space, which systemd would take apart. */
export interface Programs {
  readonly node: string;
  readonly helper: string;
  readonly daemon: string;
}

/** Without it nothing is started: it says whose daemon it is. */
export const OWNER_FILE = `/etc/systemd/system/${DAEMON_UNIT}.d/owner.conf`;

/** What closes the helper: all that making links and rules does not need. `#` lines say why a door stays open. */
export const HELPER_HARDENING: readonly string[] = [
  '# Links, rules and addresses; the socket is given to its owner; low ports are tried before they are published.',
  'CapabilityBoundingSet=CAP_NET_ADMIN CAP_NET_BIND_SERVICE CAP_CHOWN',
  '# Taps are made by this device, and there is no other.',
  ...['DevicePolicy=closed', 'DeviceAllow=/dev/net/tun rw'],
  '# Sysctls of the network and cgroups of the owner are its work: ProtectKernelTunables and ProtectControlGroups stay off.',
  ...['ProtectSystem=strict', 'ReadWritePaths=/proc/sys/net -/sys/fs/cgroup', 'ProtectHome=yes', 'PrivateTmp=yes'],
  ...['ProtectKernelModules=yes', 'ProtectKernelLogs=yes', 'ProtectClock=yes', 'ProtectHostname=yes'],
  '# Netlink, its own socket, names by resolvectl, and ports that are tried.',
  'RestrictAddressFamilies=AF_UNIX AF_NETLINK AF_INET AF_INET6',
  ...['NoNewPrivileges=yes', 'RestrictNamespaces=yes', 'RestrictRealtime=yes', 'RestrictSUIDSGID=yes'],
  ...['LockPersonality=yes', 'KeyringMode=private', 'RemoveIPC=yes', 'UMask=0077'],
  '# Node compiles while it runs: MemoryDenyWriteExecute stays off.',
  ...['SystemCallArchitectures=native', 'SystemCallFilter=@system-service', 'SystemCallErrorNumber=EPERM'],
];

/** What closes the daemon, which starts as its owner and does what that user could do. */
export const DAEMON_HARDENING: readonly string[] = [
  '# Rootless images are made with newuidmap, which is setuid. Each filter of system calls would imply NoNewPrivileges for a user:',
  '# RestrictNamespaces, RestrictAddressFamilies, RestrictRealtime, RestrictSUIDSGID, LockPersonality, SystemCallFilter,',
  '# SystemCallArchitectures, MemoryDenyWriteExecute (Node compiles while it runs), ProtectClock, ProtectHostname,',
  '# ProtectKernelLogs, ProtectKernelModules and ProtectKernelTunables stay off.',
  '# PrivateUsers stays off for the same images: their files have the owners of a range of ids.',
  '# /dev/kvm for guests, /dev/net/tun and /dev/vhost-net for their networks; PrivateDevices would hide them.',
  'DevicePolicy=closed',
  ...['DeviceAllow=/dev/kvm rw', 'DeviceAllow=/dev/net/tun rw', 'DeviceAllow=/dev/vhost-net rw'],
  '# --mount, cp and import reach into the home and /tmp of the owner: ProtectHome, PrivateTmp and ProtectSystem=strict stay off.',
  ...['PrivateMounts=yes', 'ProtectProc=invisible', 'ProtectSystem=full', `ReadWritePaths=-${SYSTEM_DIRS.config}`],
  '# Scopes are made by systemd.',
  'ProtectControlGroups=yes',
  '# Images are pulled and guests reach the world: PrivateNetwork and IPAddressDeny stay off.',
  '# RemoveIPC would take from the sessions of the owner as well.',
  ...['KeyringMode=private', 'UMask=0077', 'OOMPolicy=continue'],
];

/** A daemon of an ordinary user; root's gives its machines users of their own, and mounts. */
export const OWNER_HARDENING: readonly string[] = [
  '# For newuidmap and newgidmap alone; the daemon itself has none.',
  'CapabilityBoundingSet=CAP_SETUID CAP_SETGID CAP_SETFCAP',
];

/** Name → text of the units, which say nothing of the owner. */
export function unitFiles({ node, helper, daemon }: Programs): Readonly<Record<string, string>> {
  return {
    [HELPER_UNIT]: unit({
      Unit: [
        'Description=nook: networks that the host takes part in',
        'Before=nookd.service',
        'After=network-pre.target',
        `ConditionPathExists=${OWNER_FILE}`,
      ],
      Service: [
        ...['Type=exec', `ExecStart=${node} ${helper}`, 'Restart=on-failure', 'RestartSec=1'],
        '# Which systemd makes: the helper itself may not, and makes the cgroups of its owner below it.',
        'Slice=nook.slice',
        ...['RuntimeDirectory=nook-roothelper', 'RuntimeDirectoryMode=0711'],
        ...['StateDirectory=nook-roothelper', 'StateDirectoryMode=0700'],
        ...HELPER_HARDENING,
        ...['TasksMax=64', 'MemoryMax=512M'],
      ],
      Install: ['WantedBy=multi-user.target'],
    }),
    [SOCKET_UNIT]: unit({
      Unit: ['Description=nook: the socket of its daemon', `ConditionPathExists=${OWNER_FILE}`],
      Socket: [
        ...[`ListenStream=${SYSTEM_DIRS.run}/nookd.sock`, 'SocketMode=0600', 'RemoveOnStop=yes'],
        '# Its folder is the owner’s, by tmpfiles.d.',
        'DirectoryMode=0700',
      ],
      Install: ['WantedBy=sockets.target'],
    }),
    [DAEMON_UNIT]: unit({
      Unit: [
        'Description=nook: virtual machines',
        `Requires=${SOCKET_UNIT}`,
        `After=network.target ${HELPER_UNIT} ${SOCKET_UNIT}`,
        `ConditionPathExists=${OWNER_FILE}`,
      ],
      Service: [
        ...['Type=notify', `ExecStart=${node} --max-semi-space-size=2 ${daemon}`],
        ...['Restart=on-failure', 'RestartSec=1', `Environment=XDG_CACHE_HOME=${dirOf(SYSTEM_DIRS.cache)}`],
        '# VMs and networks are processes of their own, in scopes of their own: they outlive the daemon and its upgrades.',
        'KillMode=process',
        ...DAEMON_HARDENING,
      ],
      Install: ['WantedBy=multi-user.target'],
    }),
  };
}

/** Path → text of what says whose daemon it is. */
export function ownerFiles({ name, uid }: { readonly name: string; readonly uid: number }): Record<string, string> {
  const { run, state, cache, config } = SYSTEM_DIRS;
  return {
    [OWNER_FILE]: unit({ Service: [`User=${name}`, ...(uid === 0 ? [] : OWNER_HARDENING)] }),
    [`/etc/systemd/system/${SOCKET_UNIT}.d/owner.conf`]: unit({ Socket: [`SocketUser=${name}`] }),
    [TMPFILES]: [run, state, cache, config].map((path) => `d ${path} 0700 ${name} - -\n`).join(''),
  };
}

export const TMPFILES = '/etc/tmpfiles.d/nook.conf';

const dirOf = (path: string) => path.slice(0, path.lastIndexOf('/'));

function unit(sections: Readonly<Record<string, readonly string[]>>): string {
  return Object.entries(sections)
    .map(([name, lines]) => `[${name}]\n${lines.join('\n')}\n`)
    .join('\n');
}
