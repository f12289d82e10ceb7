import { NookError, type Store } from '@nook/daemonapi';

export interface SnapshotRecord {
  readonly id: string;
  /** Id of the VM. */
  readonly vm: string;
  readonly name: string;
  readonly created_at: number;
  readonly layer: string;
  /** The one that the VM had last been saved as, or brought back to. */
  readonly parent?: string | undefined;
  readonly memory: boolean;
}

type Row = Omit<SnapshotRecord, 'parent' | 'memory'> & { readonly parent: string | null; readonly memory: number };

/** The snapshots of this home's VMs, as the store keeps them. */
export class SnapshotRecords {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Of one VM, the oldest first. */
  of(vm: string): SnapshotRecord[] {
    return this.#store.all<Row>('SELECT * FROM vm_snapshots WHERE vm = ? ORDER BY created_at, name', vm).map(fromRow);
  }

  /** @throws NookError `not_found` */
  get(vm: { readonly id: string; readonly name: string }, name: string): SnapshotRecord {
    const found = this.of(vm.id).find((snapshot) => snapshot.name === name);
    if (found) return found;
    throw new NookError('not_found', `VM '${vm.name}' has no snapshot '${name}'.`, {
      hint: `See which it has: nook vm snapshot list ${vm.name}`,
    });
  }

  insert({ id, vm, name, created_at, layer, parent, memory }: SnapshotRecord): void {
    this.#store.run(
      'INSERT INTO vm_snapshots (id, vm, name, created_at, layer, parent, memory) VALUES (?, ?, ?, ?, ?, ?, ?)',
      ...[id, vm, name, created_at, layer, parent ?? null, memory ? 1 : 0],
    );
  }

  /** What came after it comes after its parent then. */
  delete({ id, parent }: SnapshotRecord): void {
    this.#store.transaction(() => {
      this.#store.run('UPDATE vm_snapshots SET parent = ? WHERE parent = ?', parent ?? null, id);
      this.#store.run('UPDATE vm_disks SET snapshot = ? WHERE snapshot = ?', parent ?? null, id);
      this.#store.run('DELETE FROM vm_snapshots WHERE id = ?', id);
    });
  }
}

function fromRow({ parent, memory, ...row }: Row): SnapshotRecord {
  return { ...row, parent: parent ?? undefined, memory: memory === 1 };
}
