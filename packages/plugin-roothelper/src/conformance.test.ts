import { conformance } from '@nook/testkit/conformance';
import { roothelper } from './plugin.ts';

// Without a helper, as most hosts are.
conformance(roothelper, { calls: { privileged: (capability) => capability.status().catch(() => undefined) } });
