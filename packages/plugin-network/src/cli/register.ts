import { registerCli } from '@nook/daemonapi';
import type {} from '../contract.ts';
import { create } from './create.ts';
import { list } from './list.ts';
import { publish } from './publish.ts';
import { rm } from './rm.ts';
import { show } from './show.ts';
import { unpublish } from './unpublish.ts';

registerCli({ commands: [create, list, show, rm, publish, unpublish], names: { NETWORK: 'net.list' } });
