// A process that sends every line back, on the unix socket that its argument names.
import { createServer } from 'node:net';

const server = createServer((socket) => {
  let rest = '';
  socket.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    if (lines.length > 0) socket.write(`${lines.join('\n')}\n`);
  });
  socket.on('error', () => {});
});
server.listen(process.argv[2], () => process.stdout.write('ready\n'));
process.stdin.resume().on('end', () => process.exit(0));
