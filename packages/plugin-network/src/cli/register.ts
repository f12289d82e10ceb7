import { registerCli } from '@nook/daemonapi';
import type {} from '../contract.ts';
import { create } from './create.ts';
import { list } from './list.ts';
import { policyLearn } from './policy-learn.ts';
import { policyLock } from './policy-lock.ts';
import { policySet } from './policy-set.ts';
import { policyShow } from './policy-show.ts';
import { publish } from './publish.ts';
import { rm } from './rm.ts';
import { show } from './show.ts';
import { unpublish } from './unpublish.ts';

registerCli({
  commands: [create, list, show, rm, publish, unpublish, policyShow, policySet, policyLearn, policyLock],
  names: { NETWORK: 'net.list' },
});
