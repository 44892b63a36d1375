/**
 * The maintainer: a thread that gives back the memory of items whose time has come. It only tries
 * locks and works in slices, so requests never wait for it long.
 */
import { workerData } from 'node:worker_threads';
import { Maintainer, type MaintainerStart } from '../src/engine/maintainer.ts';

const maintainer = new Maintainer(workerData as MaintainerStart);
setInterval(() => maintainer.tick(), maintainer.tickMs);
