import { greeter } from '../greeter.fixture.ts';
import { conformance } from './vitest.ts';

conformance(greeter, {
  fakes: { 'test-words': { greeting: async () => 'Hi' } },
  calls: { 'test-greeter': ({ greet }) => greet('you') },
  events: [{ topic: 'test.news', data: { what: 'rain' } }],
});
