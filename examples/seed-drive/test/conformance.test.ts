import { conformance } from '@nook/testkit/conformance';
import { seedDrive } from '../src/plugin.ts';

conformance(seedDrive, { features: { 'seed-drive': { part: { text: 'hello' } } } });
