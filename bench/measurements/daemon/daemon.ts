import type { Lab } from '../../lab.ts';
import { Neighbours } from '../../peers/neighbours.ts';
import type { Row } from '../../row.ts';
import { atRest } from './at-rest.ts';
import { fanOut } from './fan-out.ts';
import { growthOfConnections, growthOfRecords } from './growth.ts';
import { commandLine, listing } from './listing.ts';
import { pings } from './pings.ts';
import { pipelined } from './pipelined.ts';
import { VmRecords } from './records.ts';

const RECORDS = 100;

/** What the daemon itself costs, beside daemons that do a similar thing. */
export async function daemon(lab: Lab): Promise<Row[]> {
  const rows: Row[] = [];
  {
    await using neighbours = await Neighbours.start();
    rows.push(await atRest(lab, neighbours));
    rows.push(...(await pings(lab, neighbours)), await pipelined(lab));
    await neighbours.populate(RECORDS);
    await using records = new VmRecords(lab);
    await records.growTo(RECORDS);
    rows.push(await listing(lab, neighbours, RECORDS), await commandLine(lab, neighbours, RECORDS));
  }
  rows.push(...(await fanOut(lab)));
  rows.push(...(await growthOfRecords(lab)), ...(await growthOfConnections(lab)));
  return rows;
}
