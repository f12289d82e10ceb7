import type { Lab } from '../../lab.ts';
import { Publisher } from '../../publisher/publisher.ts';
import { Subscribers } from '../../publisher/subscribers.ts';
import { atLeast, type Row } from '../../row.ts';
import { repeat, summary } from '../../statistics.ts';
import { measurement } from './measurement.ts';

const SUBSCRIBERS = [100, 1, 1_000];
/** The one that there is a target for. */
const AIMED_AT = { subscribers: 100, rate: 50_000 };
/** Published at once; the next ones follow when all have heard the ones before. */
const BATCH = 20;
const DELIVERIES = 400_000;

/** Events to many who listen, none of whom misses one. */
export async function fanOut(lab: Lab): Promise<Row[]> {
  await using publisher = await Publisher.start();
  const rows: Row[] = [];
  for (const count of SUBSCRIBERS) rows.push(...(await fanOutTo(count, { lab, publisher })));
  return rows;
}

async function fanOutTo(count: number, by: { readonly lab: Lab; readonly publisher: Publisher }): Promise<Row[]> {
  const { lab, publisher } = by;
  using subscribers = await Subscribers.connect(publisher.socket, count);
  const batches = Math.max(10, Math.min(lab.count(400, 100), DELIVERIES / BATCH / count));
  const rate = (durable: boolean) => async () => {
    const began = performance.now();
    for (let batch = 0; batch < batches; batch++) {
      await Promise.all([publisher.publish(BATCH, { durable }), subscribers.hear(BATCH)]);
    }
    return (batches * BATCH * count) / ((performance.now() - began) / 1000);
  };
  await repeat(2, rate(false));
  const news = await repeat(8, rate(false));
  const kept = await repeat(8, rate(true));
  const unit = 'per s';
  const target = count === AIMED_AT.subscribers ? { target: atLeast(AIMED_AT.rate) } : {};
  const who = count === 1 ? '1 subscriber' : `${count.toLocaleString('en-US').replaceAll(',', ' ')} subscribers`;
  return [
    { measurement, what: `events to ${who}, deliveries`, unit, ...summary(news), ...target },
    { measurement, what: '· of events that are kept in the store', unit, ...summary(kept) },
  ];
}
