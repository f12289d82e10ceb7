import { noHelper, TestHelper } from '../../packages/plugin-roothelper/src/helper.fixture.ts';
import { NOOK } from '../../tests/harness/home.ts';
import { Lab } from '../lab.ts';

/** A daemon beside a root helper, in a network namespace that stands for the host of both. */
export interface BridgeLab extends AsyncDisposable {
  readonly lab: Lab;
  /** Of a process in the namespace. */
  readonly pid: number;
}

/** @returns why there is none, where there is none */
export async function bridgeLab({ quick }: Lab, config: string): Promise<BridgeLab | string> {
  if (noHelper !== undefined) return noHelper;
  await using starting = new AsyncDisposableStack();
  const helper = starting.use(await TestHelper.make());
  await helper.install({ owner_uid: 0 });
  await helper.start();
  const pid = helper.namespacePid;
  const lab = starting.use(
    await Lab.open({
      quick,
      program: ['nsenter', `--net=/proc/${pid}/ns/net`, NOOK],
      config: `${config}[roothelper]\nsocket = "${helper.socket}"\n`,
    }),
  );
  const made = starting.move();
  return { lab, pid, [Symbol.asyncDispose]: () => made.disposeAsync() };
}
