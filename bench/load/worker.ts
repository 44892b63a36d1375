/** Entry of a load thread: runs the tasks it is posted, one after the other. */

import { parentPort } from 'node:worker_threads';
import { type ThreadTask, threadRun } from './thread.ts';

parentPort?.on('message', async (task: ThreadTask) => {
  parentPort?.postMessage(await threadRun(task));
});
