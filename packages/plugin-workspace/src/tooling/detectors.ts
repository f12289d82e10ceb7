import type { ToolingDetector } from '@nook/daemonapi';
import { python, rust } from './toml-projects.ts';
import { go, mise, node } from './version-files.ts';

/** What counts for all languages comes before what counts for one. */
export const detectors: readonly ToolingDetector[] = [mise, node, go, python, rust];
