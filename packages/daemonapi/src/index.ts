export type {
  CliCommand,
  CliContext,
  CliExtension,
  CliInvocation,
  CliOption,
  CliOutput,
  CliPositional,
  CliProgress,
  CliStreams,
  OptionValues,
} from './cli.ts';
export { type CliRegistration, cliRegistrations, registerCli } from './cli-registry.ts';
export type { EgressFacts, EgressPolicy, EgressPolicyManager, EgressRules, EgressTarget } from './egress-policy.ts';
export type { Clock, Dirs, VersionInfo } from './environment.ts';
export { ERROR_CODES, type ErrorCode, type ErrorOptions, isNookError, NookError } from './errors.ts';
export type { EventBus, Events, NookEvent, PublishOptions, ReceivedEvent } from './events.ts';
export type { DoctorCheck, DoctorFinding, ExtensionPoints } from './extension-points.ts';
export type { CatalogEntry } from './image-catalog.ts';
export type {
  CatalogImage,
  ImageConfig,
  ImageContent,
  ImageLayer,
  ImageSource,
  ImageWork,
  ResolvedImage,
} from './image-source.ts';
export type { CatalogKernel, KernelContent, KernelSource, ResolvedKernel } from './kernel-source.ts';
export type { Logger } from './logger.ts';
export type {
  OperationContext,
  OperationMethods,
  OperationStage,
  OperationState,
  Operations,
  OperationView,
} from './operations.ts';
export type { ItemOf, Page, PagedMethod } from './paging.ts';
export type { Degraded, PluginContext, PluginDefinition, PluginHooks, Skipped } from './plugin.ts';
export { API_VERSION, type Registration, registered, registerPlugin, registrations } from './registry.ts';
export type { Access, CallContext, MethodDefinition, Progress, RpcMethod, RpcMethods } from './rpc.ts';
export type { InferInput, InferOutput, StandardSchema } from './standard-schema.ts';
export type { Migration, SqlValue, Store } from './store.ts';
export type { ToolingDetector, ToolingFinding } from './tooling-detector.ts';
export type {
  MachineDisk,
  MachineDrive,
  MachineEngine,
  MachineExit,
  MachineHost,
  MachineKernel,
  MachineNetwork,
  MachineShare,
  MachineSpec,
  MachineState,
  MachineUser,
  RunningMachine,
  SavedState,
  StartedMachine,
  VmDeviceBus,
  VmDriver,
  VmDriverCapability,
  VmDriverRequest,
  VmDriverSetup,
} from './vm-driver.ts';
export type {
  FeatureChange,
  FeatureGuest,
  FeatureHook,
  FeatureRequest,
  FeatureVm,
  GuestCommand,
  GuestCommandResult,
  MachineContribution,
  VmFeature,
} from './vm-feature.ts';
export type { PortCommand, PortVm, VmPort } from './vm-port.ts';
export type { Needs, NeedsOf, Provides, Wired } from './wiring.ts';
