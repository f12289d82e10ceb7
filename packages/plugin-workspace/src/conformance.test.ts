import { conformance } from '@nook/testkit/conformance';
import { workspace } from './plugin.ts';

conformance(workspace, { fakes: { vms: { nameOf: () => 'conformance', idOf: () => 'a1' } } });
