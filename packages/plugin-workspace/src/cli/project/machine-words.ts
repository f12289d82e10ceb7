import type { ProjectMachine } from './read-project.ts';

/** What follows `nook vm create` for a new machine of a project. */
export function createWords(project: string, wanted: ProjectMachine): string[] {
  const { machine, vm, image, kernel, init, network, ip, egress, allow = [], mounts = [], publish = [] } = wanted;
  return [
    ...['--name', vm, '--label', `nook.project=${project}`, '--label', `nook.machine=${machine}`],
    ...option('image', image),
    ...option('kernel', kernel),
    ...option('init', init),
    ...option('network', network),
    ...option('ip', ip),
    ...option('vcpus', wanted.vcpus),
    ...option('memory', wanted.memory),
    ...option('disk', wanted.disk),
    ...option('restart', wanted.restart),
    ...(wanted.autostart === true ? ['--autostart'] : []),
    ...option('egress', egress),
    ...allow.flatMap((each) => option('allow', each)),
    ...mounts.flatMap((each) => option('mount', `${each.source}:${each.target}:${each.read_only ? 'ro' : 'rw'}`)),
    ...publish.flatMap((each) => option('publish', each)),
  ];
}

/** What follows `nook vm set VM` so that a VM is as the file says; nothing when the file says nothing. */
export function setWords({ vcpus, memory, disk, restart, autostart }: ProjectMachine): string[] {
  return [
    ...option('vcpus', vcpus),
    ...option('memory', memory),
    ...option('disk', disk),
    ...option('restart', restart),
    ...(autostart === undefined ? [] : ['--autostart', autostart ? 'on' : 'off']),
  ];
}

/** What follows `nook net policy set VM`. */
export function policyWords({ egress, allow = [] }: ProjectMachine): string[] {
  return [
    ...(egress === undefined || egress === 'allow' ? [] : [`--${egress}`]),
    ...allow.flatMap((each) => option('allow', each)),
  ];
}

function option(name: string, value: string | number | undefined): string[] {
  return value === undefined ? [] : [`--${name}`, String(value)];
}
