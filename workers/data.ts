/**
 * A data thread: listens, and runs the requests of its connections on the shared partitions.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { DataThread, type DataThreadStart } from '../src/net/data-thread.ts';

if (parentPort === null) throw new Error('workers/data.ts is started as a worker');
const port = parentPort;
const thread = new DataThread(workerData as DataThreadStart, (message, moved = []) =>
  port.postMessage(message, moved),
);
port.on('message', (message) => thread.command(message));
await thread.listen();
