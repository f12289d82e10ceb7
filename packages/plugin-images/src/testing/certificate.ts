import { join } from 'node:path';
import { run } from './umoci.ts';

/** A certificate for 127.0.0.1 that nobody signed but itself, and its key, as files. */
export function selfSigned(directory: string): { readonly certificate: string; readonly key: string } {
  const [certificate, key] = [join(directory, 'certificate.pem'), join(directory, 'key.pem')];
  const made = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const names = ['-subj', '/CN=nook test', '-addext', 'subjectAltName=IP:127.0.0.1'];
  run('openssl', 'req', '-x509', ...made, ...names, '-keyout', key, '-out', certificate);
  return { certificate, key };
}
