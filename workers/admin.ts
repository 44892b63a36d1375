/**
 * The admin thread: HTTP for the console, metrics and health.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { AdminStart } from '../src/admin/admin-messages.ts';
import { AdminThread } from '../src/admin/admin-thread.ts';

if (parentPort === null) throw new Error('workers/admin.ts is started as a worker');
const port = parentPort;
const thread = new AdminThread(workerData as AdminStart, (message) => port.postMessage(message));
port.on('message', (message) => thread.command(message));
thread.listen();
