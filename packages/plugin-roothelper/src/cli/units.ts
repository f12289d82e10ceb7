import type { User } from './find-user.ts';

export const HELPER_UNIT = 'nook-roothelper.service';
export const DAEMON_UNIT = 'nookd.service';

/** Absolute paths without white space, which systemd would take apart. */
export interface Programs {
  readonly node: string;
  readonly helper: string;
  readonly daemon: string;
}

/** The unit of the root helper: all is closed that making links and rules does not need. */
export function helperUnit({ node, helper }: Programs): string {
  return unit({
    Unit: [
      'Description=nook: networks that the host takes part in',
      'Before=nookd.service',
      'After=network-pre.target',
    ],
    Service: [
      ...['Type=exec', `ExecStart=${node} ${helper}`, 'Restart=on-failure', 'RestartSec=1'],
      '# Which systemd makes: the helper itself may not, and makes the cgroups of its owner below it.',
      'Slice=nook.slice',
      ...['RuntimeDirectory=nook-roothelper', 'RuntimeDirectoryMode=0711'],
      ...['StateDirectory=nook-roothelper', 'StateDirectoryMode=0700'],
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
      ...['TasksMax=64', 'MemoryMax=512M'],
    ],
    Install: ['WantedBy=multi-user.target'],
  });
}

/** The unit of an owner's daemon, with the places that the owner's own `nook` looks in. */
export function daemonUnit({ node, daemon }: Programs, { name, uid }: User): string {
  const session =
    uid === 0 ? [] : [`Requires=user-runtime-dir@${uid}.service`, `After=user-runtime-dir@${uid}.service`];
  return unit({
    Unit: [`Description=nook: the VMs of ${name}`, 'After=network.target nook-roothelper.service', ...session],
    Service: [
      ...['Type=notify', `User=${name}`, `ExecStart=${node} ${daemon}`, 'Restart=on-failure', 'RestartSec=1'],
      ...(uid === 0 ? [] : [`Environment=XDG_RUNTIME_DIR=/run/user/${uid}`]),
      '# VMs are processes of their own, and outlive the daemon and its upgrades.',
      'KillMode=process',
      '# Limits of VMs are made below its cgroup.',
      'Delegate=yes',
      '# Rootless images and networks need namespaces, newuidmap and mounts; VMs need /dev/kvm, /dev/vhost-net and taps: NoNewPrivileges,',
      '# RestrictNamespaces, PrivateDevices, ProtectSystem=strict and filters of system calls stay off.',
      ...[
        'ProtectClock=yes',
        'ProtectKernelLogs=yes',
        'ProtectHostname=yes',
        'RestrictRealtime=yes',
        'LockPersonality=yes',
      ],
      ...['SystemCallArchitectures=native', 'KeyringMode=private', 'UMask=0077'],
    ],
    Install: ['WantedBy=multi-user.target'],
  });
}

function unit(sections: Readonly<Record<string, readonly string[]>>): string {
  return Object.entries(sections)
    .map(([name, lines]) => `[${name}]\n${lines.join('\n')}\n`)
    .join('\n');
}
