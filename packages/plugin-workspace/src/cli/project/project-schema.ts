import { z } from 'zod';

const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,28}[a-z0-9])?$/;
const NAME = /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,62})$/;

const label = z
  .string()
  .regex(LABEL, 'must be 1 to 30 lower-case letters, digits and dashes, with a letter or digit at both ends');
const name = z.string().regex(NAME, 'must be 1 to 63 letters, digits, dots, dashes and underscores');
const size = z
  .union([z.string().regex(/^\d+(?:\.\d+)? ?[kmgt]?(?:i?b)?$/i, 'must be a size such as 512MiB or 2G'), z.int().min(1)])
  .describe('Bytes, or a number with a unit: 512MiB, 2G.');
const guestPath = z.string().regex(/^\/[^\0]+$/, 'must be an absolute path in the guest');
const hostPath = z.string().min(1).describe('A path of this host; a relative one begins at the folder of this file.');
const user = z.string().min(1).optional().describe('Who may read it: NAME[:GROUP]; root when absent.');
const words = z.array(z.string()).min(1);
const seconds = z.number().min(0).max(86_400);
const environment = z.record(
  z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of a variable'),
  z.string(),
);

const service = z.strictObject({
  command: z.union([z.string().min(1), words]).describe('An argument vector, or a line for the guest’s /bin/sh.'),
  restart: z
    .enum(['no', 'on-failure', 'always'])
    .default('on-failure')
    .describe('What becomes of it when it ends by itself.'),
  environment: environment.optional().describe('More variables than the machine’s.'),
  workdir: guestPath.optional(),
  user: z.string().min(1).optional().describe('NAME[:GROUP]; root when absent.'),
  stop_signal: z.string().min(1).default('TERM').describe('By which it is asked to end.'),
  grace_seconds: seconds.default(10).describe('How long it may take to end before it is killed.'),
  timeout_seconds: seconds
    .optional()
    .describe('How long one run may last; one that lasts longer is ended, and has failed.'),
});

const machine = z.strictObject({
  image: z.string().min(1).optional().describe('See: nook image list'),
  kernel: z.string().min(1).optional().describe('See: nook kernel list'),
  init: z.enum(['nook', 'image']).optional(),
  vcpus: z.int().min(1).max(256).optional(),
  memory: size.optional(),
  disk: size.optional().describe('It can only grow.'),
  network: z
    .string()
    .min(1)
    .optional()
    .describe('user, none, a network of this file, or one that there is; see: nook net list'),
  ip: z.string().min(1).optional(),
  publish: z
    .array(
      z
        .string()
        .regex(/^(?:[^\s]+:)?\d{1,5}:\d{1,5}(?:\/(?:tcp|udp))?$/, 'must be [ADDRESS:]HOST:GUEST[/udp], e.g. 8080:80'),
    )
    .optional(),
  egress: z.enum(['open', 'deny', 'allow', 'audit']).optional().describe('What it may reach.'),
  allow: z.array(z.string().min(1)).optional().describe('NAME[:PORT][/PROTOCOL] that it may reach, and nothing else.'),
  restart: z
    .string()
    .regex(/^(?:no|always|on-failure(?::\d{1,4})?)$/, 'must be no, always, on-failure or on-failure:MAX')
    .optional()
    .describe('What becomes of the machine when it ends by itself.'),
  autostart: z.boolean().optional().describe('It is started with the daemon, when it is meant to run.'),
  depends_on: z.array(label).optional().describe('Machines that are up before this one.'),
  mounts: z
    .array(z.strictObject({ source: hostPath, target: guestPath, read_only: z.boolean().default(false) }))
    .optional()
    .describe('Folders of this host.'),
  workspace: z
    .union([hostPath, z.strictObject({ path: hostPath, guest_path: guestPath.optional() })])
    .optional()
    .describe('A repository or folder that is copied into the machine when it is new; see: nook workspace prepare'),
  files: z
    .array(
      z.strictObject({
        source: hostPath,
        target: guestPath,
        mode: z
          .string()
          .regex(/^0?[0-7]{3}$/, 'must be an octal mode such as 0644')
          .default('0644'),
      }),
    )
    .optional()
    .describe('Files of this host that are copied into the machine.'),
  environment: environment.optional().describe('Variables of its services and of nook project exec.'),
  secrets: z
    .record(
      name,
      z.union([
        z.strictObject({ env: z.string().min(1).describe('A variable that holds it where nook up is run.'), user }),
        z.strictObject({ file: hostPath, user }),
      ]),
    )
    .optional()
    .describe('Where each is found on this host; in the guest it is /run/secrets/NAME.'),
  service: z.record(label, service).optional(),
});

const network = z.strictObject({
  subnet: z
    .string()
    .regex(/^[\d.]+\/\d{1,2}$/, 'must be a private subnet such as 10.77.5.0/24')
    .optional()
    .describe('A free one is chosen when absent.'),
  isolated: z.boolean().default(false).describe('Its machines reach each other, and nothing else.'),
});

/** nook.toml: what a project runs in. */
export const projectSchema = z.strictObject({
  name: label.optional().describe('Machines are called NAME-MACHINE; the name of the folder when absent.'),
  network: z
    .record(label, network)
    .optional()
    .describe('Networks of its own, on which machines reach each other as PROJECT-MACHINE.nook.'),
  machine: z.record(label, machine),
});

export type MachineEntry = z.output<typeof machine>;
