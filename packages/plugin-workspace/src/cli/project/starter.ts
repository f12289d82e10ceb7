import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { nameOf } from './read-project.ts';

interface Kind {
  /** A file that such a project has. */
  readonly marker: string;
  readonly image: string;
  readonly test: string;
}

/** The first whose marker is there counts. */
const KINDS: readonly Kind[] = [
  { marker: 'package.json', image: 'docker.io/library/node:lts', test: 'npm test' },
  { marker: 'go.mod', image: 'docker.io/library/golang:1', test: 'go test ./...' },
  { marker: 'Cargo.toml', image: 'docker.io/library/rust:1', test: 'cargo test' },
  { marker: 'pyproject.toml', image: 'docker.io/library/python:3', test: 'python3 -m unittest' },
];

/** A first nook.toml for a folder, with what else there could be as comments. */
export function starterFile(folder: string): string {
  const kind = KINDS.find(({ marker }) => existsSync(join(folder, marker)));
  return `# What this project runs in. Start it: nook up   Stop it: nook down   All keys: nook project schema
# \${VAR} is a variable of yours where nook is run; write $\${VAR} for one of the guest's shell.

name = "${nameOf(folder)}"

[machine.dev]
${kind ? `image = "${kind.image}"   # there is a ${kind.marker}` : '# image = "debian-12"         # see: nook image list'}
# vcpus = 2
# memory = "2G"
# disk = "20G"
workspace = "."               # copied to /root/repo when the machine is new
# publish = ["8080:80"]       # a port of this host, and one of the machine
# egress = "allow"            # what it may reach: open, deny, audit, allow
# allow = ["deb.debian.org"]
# network = "back"            # with [network.back]: machines reach each other as NAME-MACHINE.nook
# depends_on = ["db"]         # another [machine.db], which is up before

# [[machine.dev.files]]
# source = "./app.conf"
# target = "/etc/app.conf"

# [machine.dev.environment]
# LANG = "C.UTF-8"

# [machine.dev.secrets]       # /run/secrets/NAME in the machine, and on no disk
# token = { env = "API_TOKEN" }

# [machine.dev.service.app]   # kept running; see: nook project logs app
# command = "${kind?.test ?? './serve'}"
# workdir = "/root/repo"
# restart = "on-failure"      # or no, always
`;
}
