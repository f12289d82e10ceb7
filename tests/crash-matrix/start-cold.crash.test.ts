import { startCells } from './start-cells.ts';

startCells('cold');
