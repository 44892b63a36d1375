/**
 * A load thread of `flagstone bench`: sends requests to a server, and judges its replies.
 */
import { parentPort } from 'node:worker_threads';
import { LoadThread } from '../src/load/load-thread.ts';

if (parentPort === null) throw new Error('workers/load.ts is started as a worker');
const port = parentPort;
const thread = new LoadThread((news) => port.postMessage(news));
port.on('message', (order) => thread.order(order));
