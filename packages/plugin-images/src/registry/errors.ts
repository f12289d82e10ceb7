import { NookError } from '@nook/daemonapi';

export const registryErrors = {
  unreachable: (host: string, reason: string, cause?: unknown) =>
    new NookError('unavailable', `The registry ${host} cannot be reached: ${reason}.`, {
      hint: 'Check the name and the network; a registry without TLS that is not on this machine needs [images.registries."HOST"] insecure = true in config.toml.',
      cause,
    }),
  untrusted: (host: string, reason: string, cause?: unknown) =>
    new NookError('unavailable', `The registry ${host} has a certificate that is not trusted: ${reason}.`, {
      hint: `Restart the daemon with its authority's certificate: NODE_EXTRA_CA_CERTS=FILE nook daemon restart. Or have none checked: [images.registries."${host}"] insecure = true in config.toml.`,
      cause,
    }),
  answered: (host: string, status: number, what: string) =>
    new NookError('unavailable', `The registry ${host} answered ${status} for ${what}.`, {
      hint: 'Try again later. What has been fetched is kept.',
    }),
  notFound: (what: string, host: string) =>
    new NookError('not_found', `${what} is not in the registry ${host}.`, {
      hint: 'Check the name and the tag. Some registries say so too when one must log in first.',
    }),
  unauthorized: (what: string, host: string) =>
    new NookError('unauthorized', `The registry ${host} does not let us read ${what}.`, {
      hint: `Log in, so that ~/.docker/config.json has the credentials: docker login ${host} (or skopeo login with --authfile ~/.docker/config.json)`,
    }),
  wrong: (host: string, what: string) =>
    new NookError('operation_failed', `The registry ${host} sent ${what}.`, {
      hint: 'The image is damaged where it comes from, or something on the way changes it: have it pushed again, or take another mirror.',
    }),
};
