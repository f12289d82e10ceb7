/** A destination, or several. Exactly one of `name` and `cidr` is there. */
export interface EgressTarget {
  /** A name in small letters without a dot at its end; `*.NAME`: all names below it; `*`: all names. */
  readonly name?: string | undefined;
  /** `ADDRESS/LENGTH`, of either family. */
  readonly cidr?: string | undefined;
  readonly protocol: 'any' | 'tcp' | 'udp' | 'icmp';
  /** Of `tcp` and `udp`, both included; absent: all. */
  readonly ports?: { readonly from: number; readonly to: number } | undefined;
}

/** What a user wants a VM to reach. */
export interface EgressPolicy {
  /** `open`: everything but the closed ranges. `deny`: nothing. `allow`: what the list says. */
  readonly mode: 'open' | 'deny' | 'allow';
  /** Recorded and let through instead of refused; closed ranges stay closed. */
  readonly audit: boolean;
  readonly allow: readonly EgressTarget[];
}

/** What is known when it is decided what a VM reaches. */
export interface EgressFacts {
  readonly vm: { readonly id: string; readonly name: string };
  /** The name of its network. */
  readonly network: string;
  readonly policy: EgressPolicy;
}

/** What is enforced, outside of the guest. */
export interface EgressRules extends EgressPolicy {
  /** Closed ranges (loopback, RFC 1918, RFC 6598, link-local, unique local), or parts of them, that are open to this VM as far as its mode allows. */
  readonly opened: readonly string[];
}

/**
 * Who decides what VMs reach; contributed to `egress.policy`. One is in charge, chosen by `[network] egress_policy`; the
 * others are not asked. Rules are enforced as they are answered, until the VM's next start or change of policy.
 */
export interface EgressPolicyManager {
  /** Unique among all managers: lower-case letters, digits and dashes. */
  readonly name: string;
  /**
   * Called before each start of a VM that rules can be enforced for, and at each change of its policy; also for several VMs
   * at once. Changes nothing: what is answered may come to be used or not.
   * @param signal aborted after some seconds
   * @throws NookError with a hint for the user. Whatever is thrown, and rules that make no sense, keep the VM from starting,
   *   or leave it the rules that it has
   */
  decide(facts: EgressFacts, signal: AbortSignal): EgressRules | Promise<EgressRules>;
}
