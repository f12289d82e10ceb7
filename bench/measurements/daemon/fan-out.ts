import type { Lab } from '../../lab.ts';
import { Publisher } from '../../publisher/publisher.ts';
import { Subscribers } from '../../publisher/subscribers.ts';
import { atLeast, type Row } from '../../row.ts';
import { repeat, summary } from '../../statistics.ts';
import { measurement } from './measurement.ts';

const SUBSCRIBERS = 100;
/** Published at once; the next ones follow when all have heard the ones before. */
const BATCH = 20;

/** Events to many who listen, none of whom misses one. */
export async function fanOut(lab: Lab): Promise<Row[]> {
  await using publisher = await Publisher.start();
  using subscribers = await Subscribers.connect(publisher.socket, SUBSCRIBERS);
  const rate = (durable: boolean) => async () => {
    const batches = lab.count(200, 50);
    const began = performance.now();
    for (let batch = 0; batch < batches; batch++) {
      await Promise.all([publisher.publish(BATCH, { durable }), subscribers.hear(BATCH)]);
    }
    return (batches * BATCH * SUBSCRIBERS) / ((performance.now() - began) / 1000);
  };
  await repeat(2, rate(false));
  const news = await repeat(8, rate(false));
  const kept = await repeat(8, rate(true));
  const unit = 'per s';
  const target = atLeast(50_000);
  return [
    { measurement, what: `events to ${SUBSCRIBERS} subscribers, deliveries`, unit, ...summary(news), target },
    { measurement, what: '· of events that are kept in the store', unit, ...summary(kept) },
  ];
}
