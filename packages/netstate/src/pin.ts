import { canonicalAddress, familyOf } from './addresses.ts';
import { elementsCommand, type Pinned, pinSet } from './nft/pins.ts';
import { runNft } from './nft/run-nft.ts';

/** As `pinSchema` has it. */
export interface Pin {
  readonly pinned: Pinned;
  readonly guest: string;
  readonly destination: string;
  readonly seconds: number;
}

/**
 * Adds destinations to what guests reach, or begins their time anew. They go by themselves, at the latest when the guest's
 * egress has no such `pinned` any more; a change of other rules leaves them.
 * @throws NookError `operation_failed` when the state that was made has no such `pinned`
 */
export async function pin(pins: readonly Pin[]): Promise<void> {
  const commands = pins
    .filter(({ guest, destination }) => familyOf(guest) === familyOf(destination))
    .flatMap(({ pinned, guest, destination, seconds }) => {
      const way = [guest, destination].map((each) => canonicalAddress(each) ?? each) as [string, string];
      const add = elementsCommand({ set: pinSet(pinned, guest), elements: [{ way, seconds }] });
      // Adding alone leaves the time of one that is there as it was; deleting alone fails for one that is not.
      return [add, { delete: add.add }, add];
    });
  if (commands.length > 0) await runNft(commands);
}
