import type { EgressPolicyManager } from './egress-policy.ts';
import type { CatalogEntry } from './image-catalog.ts';
import type { ImageSource } from './image-source.ts';
import type { KernelSource } from './kernel-source.ts';
import type { ToolingDetector } from './tooling-detector.ts';
import type { VmDriver } from './vm-driver.ts';
import type { VmFeature } from './vm-feature.ts';
import type { VmPort } from './vm-port.ts';

/** What one look at the host or at nook's own state found. */
export interface DoctorFinding {
  readonly status: 'ok' | 'warning' | 'error';
  /** What was looked at, e.g. `accelerator`, `program qemu-img`. */
  readonly item: string;
  /** What was seen: figures, paths, reasons. */
  readonly evidence: string;
  /** What to do about it; absent when the status is `ok`. */
  readonly repair?: string;
  /** What {@link DoctorCheck.fix} does about it; absent where it does nothing. */
  readonly fix?: string;
  /** What {@link DoctorCheck.fix} has done about it. */
  readonly fixed?: string;
}

export interface DoctorCheck {
  /** Unique, dotted, e.g. `vm.accelerator`. */
  readonly name: string;
  /** Changes nothing. Bounded by the signal; what it throws is reported as an error finding of this check. */
  run(signal: AbortSignal): Promise<readonly DoctorFinding[]>;
  /**
   * Looks as {@link run} does, and repairs what it safely can: nothing is lost that could be of use to anybody. Answers
   * what is so afterwards. Absent where there is nothing that nook could repair; {@link run} is then called instead.
   */
  fix?(signal: AbortSignal): Promise<readonly DoctorFinding[]>;
}

/**
 * Point → what is contributed to it. A point has any number of contributors, a capability exactly one provider.
 * Plugins may augment it with points of their own.
 */
export interface ExtensionPoints {
  'doctor.check': DoctorCheck;
  'vm.driver': VmDriver;
  'image.source': ImageSource;
  'image.catalog': CatalogEntry;
  'kernel.source': KernelSource;
  'vm.feature': VmFeature;
  'vm.port': VmPort;
  'egress.policy': EgressPolicyManager;
  'workspace.tooling': ToolingDetector;
}
