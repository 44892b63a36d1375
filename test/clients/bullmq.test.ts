/**
 * BullMQ, unmodified: queues, several workers and flows, all of them Lua scripts over lists, sorted sets,
 * hashes and streams, with keys that they do not declare. Workers wait in BZPOPMIN, listeners in XREAD.
 */
import {
  FlowProducer,
  type Job,
  Queue,
  QueueEvents,
  UnrecoverableError,
  WaitingChildrenError,
  Worker,
  type WorkerOptions,
} from 'bullmq';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { applicationServerSpawn, type RespServer } from '../support/resp-server.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });
const WAIT = { timeout: 30_000, interval: 20 };
const DONE_MS_MAX = 30_000;

type Closes = { close(): Promise<void> };
type Connection = { readonly host: string; readonly port: number };

let server: RespServer;
let connection: Connection;
let admin: Redis;
const open: Closes[] = [];

beforeAll(async () => {
  server = await applicationServerSpawn();
  connection = { host: server.host, port: server.port };
  admin = new Redis(connection);
});
afterAll(async () => {
  admin.disconnect();
  await server.stop();
});
beforeEach(() => admin.flushall());
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

function opened<T extends Closes>(one: T): T {
  open.push(one);
  return one;
}

function queueOpen(name: string): Queue {
  const queue = opened(new Queue(name, { connection }));
  queue.setMaxListeners(0); // one for each job that is waited for
  return queue;
}

function workerOpen(
  name: string,
  process: (job: Job, token?: string) => Promise<unknown>,
  options: Omit<WorkerOptions, 'connection'> = {},
): Worker {
  const worker = opened(new Worker(name, process, { connection, ...options }));
  worker.on('error', (error) => expect.fail(error.message));
  return worker;
}

async function eventsOpen(name: string): Promise<QueueEvents> {
  const events = opened(new QueueEvents(name, { connection, lastEventId: '0' }));
  await events.waitUntilReady();
  return events;
}

describe('BullMQ: jobs', () => {
  it('are done by several workers, each of them once, and their results come back', async () => {
    const queue = queueOpen('sums');
    const events = await eventsOpen('sums');
    const done: string[] = [];
    for (let n = 0; n < 4; n++) {
      const work = async (job: Job): Promise<number> => {
        done.push(job.id ?? '');
        return job.data.a + job.data.b;
      };
      workerOpen('sums', work, { concurrency: 5 });
    }
    const jobs = await queue.addBulk(
      Array.from({ length: 200 }, (_, a) => ({ name: 'sum', data: { a, b: 1 } })),
    );
    const results = await Promise.all(
      jobs.map((job) => job.waitUntilFinished(events, DONE_MS_MAX)),
    );
    expect(results).toEqual(jobs.map((_, a) => a + 1));
    expect(done.length).toBe(200);
    expect(new Set(done).size).toBe(200);
    expect(await queue.getJobCounts('wait', 'active', 'completed', 'failed')).toEqual({
      wait: 0,
      active: 0,
      completed: 200,
      failed: 0,
    });
  });

  it('wake a worker that waits for them', async () => {
    const queue = queueOpen('waiting');
    const worker = workerOpen('waiting', async (job) => job.data);
    await worker.waitUntilReady();
    await vi.waitFor(async () => {
      expect(await admin.info('clients')).toMatch(/blocked_clients:[1-9]/);
    }, WAIT);
    const events = await eventsOpen('waiting');
    const job = await queue.add('one', 'now');
    expect(await job.waitUntilFinished(events, DONE_MS_MAX)).toBe('now');
  });

  it('are taken by priority, and first come first served within one', async () => {
    const queue = queueOpen('priorities');
    const added: readonly (readonly [string, number])[] = [
      ['low', 10],
      ['high', 1],
      ['middle', 5],
      ['high too', 1],
    ];
    for (const [name, priority] of added) await queue.add(name, null, { priority });
    await queue.add('first of all', null);
    const jobs = await queue.getJobs(['prioritized']);
    await jobs.find(({ name }) => name === 'low')?.changePriority({ priority: 3 });
    expect(await queue.getCountsPerPriority([1, 3, 5])).toEqual({ 1: 2, 3: 1, 5: 1 });
    const order: string[] = [];
    workerOpen('priorities', async ({ name }) => order.push(name));
    const expected = ['first of all', 'high', 'high too', 'low', 'middle'];
    await vi.waitFor(() => expect(order).toEqual(expected), WAIT);
  });

  it('are delayed, and promoted', async () => {
    const queue = queueOpen('delays');
    const doneAt = new Map<string, number>();
    workerOpen('delays', async ({ name }) => doneAt.set(name, Date.now()));
    const start = Date.now();
    await queue.add('soon', null, { delay: 300 });
    const later = await queue.add('later', null, { delay: 3_600_000 });
    expect(await later.getState()).toBe('delayed');
    expect(await queue.getDelayedCount()).toBe(2);
    await vi.waitFor(() => expect(doneAt.has('soon')).toBe(true), WAIT);
    expect((doneAt.get('soon') ?? 0) - start).toBeGreaterThanOrEqual(299);
    expect(doneAt.has('later')).toBe(false);
    await later.promote();
    await vi.waitFor(() => expect(doneAt.has('later')).toBe(true), WAIT);
  });

  it('are tried again after a growing while, and fail in the end', async () => {
    const queue = queueOpen('attempts');
    const tries: string[] = [];
    workerOpen('attempts', async (job) => {
      tries.push(`${job.name} ${job.attemptsMade}`);
      if (job.name === 'hopeless') throw new UnrecoverableError('never');
      if (job.attemptsMade < job.data.failures) throw new Error(`failed ${job.attemptsMade}`);
      return 'done';
    });
    const events = await eventsOpen('attempts');
    const options = { attempts: 3, backoff: { type: 'exponential', delay: 30 } };
    const [lucky, unlucky, hopeless] = await queue.addBulk([
      { name: 'lucky', data: { failures: 2 }, opts: options },
      { name: 'unlucky', data: { failures: 3 }, opts: options },
      { name: 'hopeless', data: {}, opts: options },
    ]);
    expect(await lucky.waitUntilFinished(events, DONE_MS_MAX)).toBe('done');
    await expect(unlucky.waitUntilFinished(events, DONE_MS_MAX)).rejects.toThrow('failed 2');
    await expect(hopeless.waitUntilFinished(events, DONE_MS_MAX)).rejects.toThrow('never');
    for (const name of ['lucky', 'unlucky']) {
      expect(tries.filter((each) => each.startsWith(name))).toEqual(
        [0, 1, 2].map((n) => `${name} ${n}`),
      );
    }
    expect(tries.filter((each) => each.startsWith('hopeless'))).toHaveLength(1);
    const failed = await queue.getJob(unlucky.id ?? '');
    expect(failed?.failedReason).toBe('failed 2');
    expect(failed?.stacktrace).toHaveLength(3);
    await failed?.retry();
    await vi.waitFor(() => expect(tries.at(-1)).toBe('unlucky 3'), WAIT);
    expect(await failed?.waitUntilFinished(events, DONE_MS_MAX)).toBe('done');
  });

  it('that a dead worker has left are taken over', async () => {
    const queue = queueOpen('stalls');
    const dead = opened(new Worker('stalls', undefined, { connection, lockDuration: 200 }));
    await queue.add('left', 7);
    const taken = await dead.getNextJob('token of the dead');
    expect(taken?.name).toBe('left');
    expect(await queue.getActiveCount()).toBe(1);
    const stalled: string[] = [];
    const worker = workerOpen('stalls', async ({ data }) => data * 6, { stalledInterval: 150 });
    worker.on('stalled', (id) => stalled.push(id));
    await vi.waitFor(async () => expect(await taken?.getState()).toBe('completed'), WAIT);
    expect(stalled).toEqual([taken?.id]);
    expect((await queue.getJob(taken?.id ?? ''))?.returnvalue).toBe(42);
  });

  it('come again and again by a scheduler', async () => {
    const queue = queueOpen('schedules');
    let runs = 0;
    workerOpen('schedules', async () => ++runs);
    await queue.upsertJobScheduler('tick', { every: 50 }, { name: 'tick', data: { n: 1 } });
    await queue.upsertJobScheduler('nightly', { pattern: '0 0 3 * * *' }, { name: 'night' });
    await vi.waitFor(() => expect(runs).toBeGreaterThanOrEqual(4), WAIT);
    expect(await queue.getJobSchedulersCount()).toBe(2);
    expect(await queue.getJobScheduler('tick')).toMatchObject({ every: 50, name: 'tick' });
    expect(await queue.removeJobScheduler('tick')).toBe(true);
    await vi.waitFor(async () => expect(await queue.getActiveCount()).toBe(0), WAIT);
    const schedulers = await queue.getJobSchedulers();
    expect(schedulers.map(({ key }) => key)).toEqual(['nightly']);
    expect(await queue.getDelayedCount()).toBe(1);
  });

  it('are limited in their rate', async () => {
    const queue = queueOpen('limits');
    const doneAt: number[] = [];
    const limiter = { max: 3, duration: 400 };
    for (let n = 0; n < 2; n++) {
      workerOpen('limits', async () => doneAt.push(performance.now()), { limiter });
    }
    await queue.addBulk(Array.from({ length: 8 }, (_, data) => ({ name: 'job', data })));
    await vi.waitFor(() => expect(doneAt).toHaveLength(8), WAIT);
    for (const at of [3, 6]) {
      expect(doneAt[at] - doneAt[at - 3]).toBeGreaterThan(limiter.duration / 2);
    }
  });

  it('of one deduplication id are one', async () => {
    const queue = queueOpen('duplicates');
    const events = await eventsOpen('duplicates');
    const dropped: string[] = [];
    events.on('deduplicated', ({ deduplicatedJobId }) => dropped.push(deduplicatedJobId));
    const add = (): Promise<Job> =>
      queue.add('mail', null, { deduplication: { id: 'ann', ttl: 60_000 } });
    const jobs = [await add(), await add(), await add()];
    expect(new Set(jobs.map(({ id }) => id)).size).toBe(1);
    expect(await queue.count()).toBe(1);
    expect(await queue.getDeduplicationJobId('ann')).toBe(jobs[0].id);
    await vi.waitFor(() => expect(dropped).toHaveLength(2), WAIT);
    const named = { jobId: 'the-one' };
    expect((await queue.add('mail', null, named)).id).toBe((await queue.add('x', 0, named)).id);
  });
});

describe('BullMQ: what is told about jobs', () => {
  it('progress, logs and events, in order', async () => {
    const queue = queueOpen('told');
    const events = await eventsOpen('told');
    const heard: string[] = [];
    events.on('waiting', ({ jobId }) => heard.push(`waiting ${jobId}`));
    events.on('active', ({ jobId, prev }) => heard.push(`active ${jobId} from ${prev}`));
    events.on('progress', ({ data }) => heard.push(`progress ${JSON.stringify(data)}`));
    events.on('completed', ({ returnvalue }) => heard.push(`completed ${returnvalue}`));
    const job = await queue.add('encode', { file: 'a.mov' });
    workerOpen('told', async (one) => {
      for (const percent of [10, 100]) {
        await one.updateProgress({ percent });
        await one.log(`at ${percent} %`);
      }
      await one.updateData({ ...one.data, size: 7 });
      return 'fine';
    });
    await vi.waitFor(() => expect(heard.at(-1)).toBe('completed fine'), WAIT);
    expect(heard).toEqual([
      `waiting ${job.id}`,
      `active ${job.id} from waiting`,
      'progress {"percent":10}',
      'progress {"percent":100}',
      'completed fine',
    ]);
    const found = await queue.getJob(job.id ?? '');
    expect(found).toMatchObject({ progress: { percent: 100 }, data: { file: 'a.mov', size: 7 } });
    expect(await queue.getJobLogs(job.id ?? '')).toEqual({
      logs: ['at 10 %', 'at 100 %'],
      count: 2,
    });
  });

  it('counts, lists, metrics, who works', async () => {
    const queue = queueOpen('counted');
    const metrics = { maxDataPoints: 60 };
    workerOpen('counted', async ({ data }) => data, { metrics, concurrency: 10 });
    const jobs = Array.from({ length: 50 }, (_, data) => ({ name: `job ${data}`, data }));
    await queue.addBulk(jobs);
    await vi.waitFor(async () => expect(await queue.getCompletedCount()).toBe(50), WAIT);
    expect((await queue.getMetrics('completed')).meta.count).toBe(50);
    const newest = await queue.getJobs(['completed'], 0, 9);
    expect(newest).toHaveLength(10);
    expect(newest.map(({ data }) => data)).toEqual(newest.map(({ returnvalue }) => returnvalue));
    expect(await queue.getWorkersCount()).toBe(1);
    expect(await queue.exportPrometheusMetrics()).toContain(
      'bullmq_job_count{queue="counted", state="completed"} 50',
    );
    expect(await queue.clean(0, 20, 'completed')).toHaveLength(20);
    expect(await queue.getCompletedCount()).toBe(30);
  });

  it('only the last ones are kept, if one wants', async () => {
    const queue = queueOpen('kept');
    const removeOnComplete = { count: 5 };
    let done = 0;
    workerOpen('kept', async () => ++done, { removeOnComplete });
    await queue.addBulk(Array.from({ length: 30 }, (_, data) => ({ name: 'job', data })));
    await vi.waitFor(() => expect(done).toBe(30), WAIT);
    await vi.waitFor(async () => {
      const kept = await queue.getJobs(['completed'], 0, -1, true);
      expect(kept.map(({ data }) => data)).toEqual([25, 26, 27, 28, 29]);
    }, WAIT);
    expect(await admin.keys('bull:kept:[0-9]*')).toHaveLength(5);
  });
});

describe('BullMQ: queues', () => {
  it('pause, drain, and leave nothing behind', async () => {
    const queue = queueOpen('whole');
    await queue.pause();
    let done = 0;
    const worker = workerOpen('whole', async () => ++done);
    await worker.waitUntilReady();
    await queue.addBulk(
      Array.from({ length: 20 }, (_, n) => ({
        name: 'job',
        data: n,
        opts: n < 10 ? {} : { delay: 3_600_000, priority: n },
      })),
    );
    expect(await queue.isPaused()).toBe(true);
    expect(await queue.getJobCounts('wait', 'delayed')).toEqual({ wait: 10, delayed: 10 });
    expect(done).toBe(0);
    await queue.resume();
    await vi.waitFor(() => expect(done).toBe(10), WAIT);
    await vi.waitFor(async () => expect(await queue.getActiveCount()).toBe(0), WAIT);
    await queue.drain(true);
    expect(await queue.count()).toBe(0);
    await worker.close();
    await queue.obliterate({ force: true });
    expect(await admin.keys('bull:whole:*')).toEqual([]);
  });

  it('hold hundreds of jobs, and are obliterated with them', async () => {
    const queue = queueOpen('many');
    for (let turn = 0; turn < 5; turn++) {
      const options = { priority: turn, delay: turn === 4 ? 1_000_000 : 0 };
      const jobs = Array.from({ length: 300 }, (_, data) => ({ name: 'job', data, opts: options }));
      await queue.addBulk(jobs);
    }
    expect(await queue.count()).toBe(1500);
    expect(await queue.getJobs(['wait', 'prioritized', 'delayed'], 0, 2000)).toHaveLength(1500);
    await queue.obliterate();
    expect(await admin.dbsize()).toBe(0);
  });
});

describe('BullMQ: flows', () => {
  const flowsOpen = (): FlowProducer => opened(new FlowProducer({ connection }));

  it('run children before their parents, through several queues', async () => {
    const order: string[] = [];
    const sum = async (job: Job): Promise<number> => {
      order.push(job.name);
      const values = Object.values(await job.getChildrenValues<number>());
      return values.reduce((a, b) => a + b, job.data ?? 0);
    };
    for (const name of ['leaves', 'branches', 'root']) workerOpen(name, sum, { concurrency: 3 });
    const events = await eventsOpen('root');
    const leaf = (data: number) => ({ name: `leaf ${data}`, queueName: 'leaves', data });
    const branch = (name: string, leaves: readonly number[]) => ({
      name,
      queueName: 'branches',
      data: 100,
      children: leaves.map(leaf),
    });
    const tree = await flowsOpen().add({
      name: 'tree',
      queueName: 'root',
      data: 1000,
      children: [branch('left', [1, 2, 3]), branch('right', [4, 5])],
    });
    expect(await tree.job.waitUntilFinished(events, DONE_MS_MAX)).toBe(1215);
    expect(order).toHaveLength(8);
    expect(order.at(-1)).toBe('tree');
    for (const [name, leaves] of [['left', '123'] as const, ['right', '45'] as const]) {
      const before = order.slice(0, order.indexOf(name));
      for (const n of leaves) expect(before).toContain(`leaf ${n}`);
    }
    expect(await tree.job.getDependenciesCount()).toMatchObject({ processed: 2, unprocessed: 0 });
  });

  it('wait for their children, and fail with them', async () => {
    const queue = queueOpen('parents');
    const children = queueOpen('children');
    const events = await eventsOpen('parents');
    const flows = flowsOpen();
    const child = { name: 'bad', queueName: 'children', opts: { failParentOnFailure: true } };
    const flow = { name: 'parent', queueName: 'parents', children: [child] };
    const { job } = await flows.add(flow);
    expect(await job.getState()).toBe('waiting-children');
    expect(await queue.getWaitingChildrenCount()).toBe(1);
    const seen = await flows.getFlow({ id: job.id ?? '', queueName: 'parents' });
    expect(seen.children?.map((one) => one.job.name)).toEqual(['bad']);
    workerOpen('parents', async () => 'never');
    workerOpen('children', async () => {
      throw new Error('no luck');
    });
    await expect(job.waitUntilFinished(events, DONE_MS_MAX)).rejects.toThrow(/child .* failed/);
    expect(await children.getFailedCount()).toBe(1);
    await job.remove({ removeChildren: true });
    expect(await children.getFailedCount()).toBe(0);
  });

  it('take what comes in the middle of a job', async () => {
    const queue = queueOpen('stepwise');
    const events = await eventsOpen('stepwise');
    workerOpen('steps', async ({ data }) => data * 2);
    const steps = queueOpen('steps');
    workerOpen('stepwise', async (job, token) => {
      if (job.data.step === 0) {
        const parent = { id: job.id ?? '', queue: job.queueQualifiedName };
        await steps.add('step', 21, { parent });
        await job.updateData({ step: 1 });
        if (await job.moveToWaitingChildren(token ?? '')) {
          throw new WaitingChildrenError();
        }
      }
      return Object.values(await job.getChildrenValues());
    });
    const job = await queue.add('long', { step: 0 });
    expect(await job.waitUntilFinished(events, DONE_MS_MAX)).toEqual([42]);
  });
});

describe('BullMQ: over node-redis', () => {
  it.each([2, 3] as const)('in RESP%i', async (RESP) => {
    const socket = { host: server.host, port: server.port };
    const client = createClient({ RESP, socket });
    await client.connect();
    const queue = new Queue('node-redis', { connection: client });
    queue.setMaxListeners(0);
    const events = new QueueEvents('node-redis', { connection: client, lastEventId: '0' });
    const worker = new Worker('node-redis', async ({ data }) => data + 1, { connection: client });
    await events.waitUntilReady();
    const jobs = await queue.addBulk(
      Array.from({ length: 20 }, (_, n) => ({ name: 'n', data: n })),
    );
    const results = await Promise.all(
      jobs.map((job) => job.waitUntilFinished(events, DONE_MS_MAX)),
    );
    expect(results).toEqual(jobs.map((_, n) => n + 1));
    for (const one of [worker, events, queue]) await one.close();
    client.destroy();
  });
});
