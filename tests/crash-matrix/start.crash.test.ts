import { KINDS } from './kinds.ts';
import { startCells } from './start-cells.ts';

startCells(KINDS.filter(({ name }) => name !== 'resume'));
