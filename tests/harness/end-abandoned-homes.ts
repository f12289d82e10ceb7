import { afterAll } from 'vitest';
import { Home } from './home.ts';

// A test that ran out of time never comes to where its home is disposed of.
afterAll(async () => {
  for (const home of Home.open) await home.abandon();
});
