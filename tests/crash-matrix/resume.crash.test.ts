import { startCells } from './start-cells.ts';

startCells('resume');
