import { connect } from 'node:net';

/** Connections that ask for long answers as fast as they are taken, and read none; said is how many bytes were taken. */
const CONNECTIONS = 60;
const LINES = '{"version":1,"id":1,"method":"rpc.discover"}\n'.repeat(1000);
const REPORT_MS = 200;

let taken = 0;
for (let n = 0; n < CONNECTIONS; n++) {
  const socket = connect(process.argv[2] as string);
  socket.pause();
  socket.on('error', () => {});
  const write = () => {
    socket.write(LINES, () => {
      taken += LINES.length;
      write();
    });
  };
  socket.on('connect', write);
}
setInterval(() => process.stdout.write(`${taken}\n`), REPORT_MS);
