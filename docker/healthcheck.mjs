// Healthy: within three seconds somebody accepts a connection on the port and answers it. Any answer
// will do, so that it works whatever the server speaks: a server that demands TLS or authentication
// answers a plain "version" by an error, or by closing.
//
//   node healthcheck.mjs [port [host]]      the port is FLAGSTONE_PORT's unless given
import { connect } from 'node:net';

const ANSWER_MS_MAX = 3000;

const port = Number(process.argv[2] ?? process.env.FLAGSTONE_PORT ?? 11211);
const socket = connect({ port, host: process.argv[3] ?? '127.0.0.1' });
socket.setTimeout(ANSWER_MS_MAX, () => {
  console.error(`port ${port} does not answer`);
  process.exit(1);
});
socket.once('error', (error) => {
  console.error(error.message);
  process.exit(1);
});
socket.once('connect', () => socket.write('version\r\n'));
socket.once('data', () => process.exit(0));
socket.once('end', () => process.exit(0));
