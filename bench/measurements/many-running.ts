import { Lab } from '../lab.ts';
import { atMost, type Row } from '../row.ts';
import { repeat, summary, timed } from '../statistics.ts';

const measurement = 'many-running';
const SHAPE = { image: 'busybox', memory: '128M' };
const AT_ONCE = 50;
const REST_MS = 3_000;

/** What a list costs while all that it lists runs, beside one of as many that never did: their processes are not asked. */
export async function manyRunning(lab: Lab): Promise<Row[]> {
  await using own = await Lab.open({ quick: lab.quick });
  const count = lab.count(AT_ONCE, 10);
  const names = Array.from({ length: count }, (_, index) => `many-${index}`);
  await own.call('vm.template.warm', SHAPE);
  for (const name of names) await own.call('vm.create', { ...SHAPE, name });
  const lists = () => repeat(lab.count(500, 100), () => timed(() => own.call('vm.list')));
  const stopped = summary(await lists());
  const ms = await timed(() => own.home.ok('vm', 'start', ...names));
  await own.rest(REST_MS);
  const running = summary(await lists());
  const row = (what: string, unit: 'ms') => ({ measurement, what, unit });
  const rows: Row[] = [
    { ...row(`${count} busybox VMs from a template, one command`, 'ms'), ...summary([ms]) },
    {
      ...row(`vm.list, ${count} VMs that run`, 'ms'),
      ...running,
      target: atMost(1),
      peers: [{ what: `${count} VMs that never ran`, ...stopped }],
    },
  ];
  for (const name of names) await own.remove(name);
  return rows;
}
