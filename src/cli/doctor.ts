/**
 * `flagstone doctor`: what is wrong with a running server, or wasteful, in plain words and with the evidence.
 * Each check looks at what the server has told of itself, twice, and at its configuration. It stays silent
 * where there is too little to judge by.
 */
import { hostIsLoopback } from './admin-options.ts';
import { bytesText, countText, durationText, shareText } from './figures.ts';
import type { MetricsSpan } from './metrics.ts';

/** BAD: something does not work. LOOK: it may soon not. WASTE: less would do. */
export type Finding = {
  readonly level: 'BAD' | 'LOOK' | 'WASTE';
  readonly what: string;
  readonly evidence: string;
  readonly advice: string;
};

/** What the doctor looks at. */
export type Patient = {
  readonly span: MetricsSpan;
  /** What /readyz says: its first line is ok, or is not. */
  readonly ready: string;
  readonly config: {
    readonly options: Readonly<Record<string, unknown>>;
    readonly directives: Readonly<Record<string, string>>;
  };
};

type Check = (patient: Patient) => Finding | null;

const MEMORY_FULL = 0.8;
const MEMORY_LITTLE = 0.5;
const CPU_LITTLE = 0.1;
const LONG_ENOUGH_SEC = 3600;
const LOOKUPS_ENOUGH = 1000;
const HIT_RATE_MIN = 0.8;
const CONNECTIONS_FULL = 0.8;
const BUSY = 0.8;
const UNEVEN = 2;
const RATE_ENOUGH = 1000;
const DELAY_SEC = 0.1;
const DELAYS_MANY = 0.01;
/** Less is a start, when everything is late. */
const DELAYS_ENOUGH = 2000;
const CONTENTION_MUCH = 0.05;
/** Of all operations, and of what a partition has on average. */
const HOT_SHARE = 0.25;
const HOT_TIMES = 4;
const ERRORS_MANY = 0.01;
const FREE_CHUNKS_MANY = 0.3;
const FREE_BYTES_ENOUGH = 16 * 2 ** 20;
const LOGINS_MANY = 20;

/** What each check has found, the worst first. */
export function patientExamine(patient: Patient): readonly Finding[] {
  const order = ['BAD', 'LOOK', 'WASTE'];
  return CHECKS.map((check) => check(patient))
    .filter((finding) => finding !== null)
    .sort((a, b) => order.indexOf(a.level) - order.indexOf(b.level));
}

/** The report, ending in a newline. */
export function doctorReport(findings: readonly Finding[]): string {
  const texts = findings.map(
    ({ level, what, evidence, advice }) =>
      `${level.padEnd(5)} ${what}\n      ${evidence}\n      ${advice}\n`,
  );
  const rest = findings.length === 0 ? 'Nothing' : 'Nothing else';
  return `${texts.join('\n')}${findings.length === 0 ? '' : '\n'}${rest} was found by ${CHECKS.length} checks.\n`;
}

const readiness: Check = ({ ready }) => {
  const [first, ...lines] = ready.trim().split('\n');
  if (first.startsWith('ok')) return null;
  const evidence = lines.filter((line) => line.startsWith('-')).join('; ') || first;
  const advice = 'Look for a command that takes long (SLOWLOG GET), and at the log.';
  return { level: 'BAD', what: 'Not every data thread answers.', evidence, advice };
};

const deaths: Check = ({ span: { now } }) => {
  const restarts = now.sum('flagstone_thread_restarts_total');
  if (restarts === 0) return null;
  const resets = now.sum('flagstone_partition_resets_total');
  return {
    level: 'BAD',
    what: 'Data threads have died, and were started anew.',
    evidence: `${countText(restarts)} deaths, for which ${countText(resets)} partitions were emptied`,
    advice: 'The log has the reason of each: a bug worth reporting.',
  };
};

const refusedStores: Check = ({ span: { now } }) => {
  const count =
    now.sum('memcached_item_no_memory_total') + now.sum('redis_errors_total', { err: 'OOM' });
  if (count === 0) return null;
  return {
    level: 'BAD',
    what: 'Stores were refused for want of memory.',
    evidence: `${countText(count)} of them`,
    advice:
      'Raise -m (maxmemory), or allow eviction: no -M, a maxmemory-policy other than noeviction.',
  };
};

const refusedConnections: Check = ({ span: { now } }) => {
  const count = now.sum('memcached_connections_rejected_total');
  if (count === 0) return null;
  return {
    level: 'BAD',
    what: 'Clients were refused because there were too many.',
    evidence: `${countText(count)} of them; the limit is ${countText(now.sum('memcached_max_connections'))}`,
    advice: 'Raise -c (maxclients), or have clients keep and share connections.',
  };
};

const connections: Check = ({ span: { now } }) => {
  const open = now.sum('memcached_current_connections');
  const limit = now.sum('memcached_max_connections');
  if (open <= limit * CONNECTIONS_FULL) return null;
  return {
    level: 'LOOK',
    what: 'There are nearly as many connections as there may be.',
    evidence: `${countText(open)} of ${countText(limit)}`,
    advice: 'Raise -c (maxclients) before clients are refused.',
  };
};

const tooSmall: Check = ({ span }) => {
  const { now } = span;
  const evicted = span.rate('redis_evicted_keys_total');
  if (evicted === 0) return null;
  const all = now.sum('memcached_slab_items_evicted_total');
  const unread = now.sum('memcached_slab_items_evicted_unfetched_total');
  return {
    level: 'LOOK',
    what: 'Keys are being evicted: the cache is full.',
    evidence: `${countText(evicted)} a second; of all that ever were, ${shareText(unread, all)} had never been read`,
    advice:
      'Where keys are missed that should be there, raise -m, or give what is not needed an expiry time.',
  };
};

const endless: Check = ({ span: { now } }) => {
  const used = now.sum('redis_memory_used_bytes') / now.sum('redis_memory_max_bytes');
  const keys = now.sum('redis_db_keys');
  const expiring = now.sum('redis_db_keys_expiring');
  if (used < MEMORY_FULL || expiring > keys / 2) return null;
  return {
    level: 'LOOK',
    what: 'Memory fills with keys that never expire.',
    evidence: `${shareText(used, 1)} is used; ${countText(keys - expiring)} of ${countText(keys)} keys have no expiry time`,
    advice: 'Give keys expiry times, so that what is stale goes before what is needed.',
  };
};

const hitRate: Check = ({ span: { now } }) => {
  const hits = now.sum('flagstone_lookups_total', { status: 'hit' });
  const lookups = now.sum('flagstone_lookups_total');
  if (lookups < LOOKUPS_ENOUGH || hits >= lookups * HIT_RATE_MIN) return null;
  return {
    level: 'LOOK',
    what: 'Many keys that are asked for are not there.',
    evidence: `${shareText(hits, lookups)} of ${countText(lookups)} lookups found their key`,
    advice:
      'Are they evicted, or expired too soon, or never stored? Compare the counts of flagstone stats.',
  };
};

const busy: Check = ({ span: { now } }) => {
  const threads = now.all('flagstone_thread_loop_utilization').filter(({ value }) => value > BUSY);
  if (threads.length === 0) return null;
  const names = threads.map(
    ({ labels, value }) => `data ${labels['thread']} ${shareText(value, 1)}`,
  );
  return {
    level: 'LOOK',
    what: 'Data threads are busy nearly all the time.',
    evidence: names.join(', '),
    advice: 'More threads (-t) help while there are cores for them; after that more nodes.',
  };
};

const uneven: Check = ({ span }) => {
  const rates = span.now
    .all('flagstone_thread_commands_total')
    .map(({ labels }) => span.rate('flagstone_thread_commands_total', labels));
  const sum = rates.reduce((total, rate) => total + rate, 0);
  const most = Math.max(...rates);
  if (sum < RATE_ENOUGH || most < (sum / rates.length) * UNEVEN) return null;
  return {
    level: 'LOOK',
    what: 'One data thread has most of the work.',
    evidence: `${countText(most)} of ${countText(sum)} requests a second on one of ${rates.length} threads`,
    advice: 'The kernel spreads connections, not requests: have clients open more of them.',
  };
};

const delays: Check = ({ span: { now } }) => {
  const all = now.sum('flagstone_thread_loop_delay_seconds_count');
  const short = now.sum('flagstone_thread_loop_delay_seconds_bucket', { le: `${DELAY_SEC}` });
  if (all < DELAYS_ENOUGH || all - short < all * DELAYS_MANY) return null;
  return {
    level: 'LOOK',
    what: 'Data threads are late: requests wait before they are read.',
    evidence: `${shareText(all - short, all)} of the time by more than ${DELAY_SEC * 1000} ms`,
    advice:
      'Commands that take long (SLOWLOG GET), or fewer cores than threads, are the usual reasons.',
  };
};

const contention: Check = ({ span }) => {
  const met = span.rate('flagstone_partition_lock_contended_total');
  const requests = span.rate('flagstone_commands_total');
  if (requests < RATE_ENOUGH || met < requests * CONTENTION_MUCH) return null;
  const [[partition, most] = ['?', 0]] = span.ratesBy(
    'flagstone_partition_lock_contended_total',
    'partition',
  );
  return {
    level: 'LOOK',
    what: 'Threads often wait for each other.',
    evidence: `${countText(met)} times a second, at ${countText(requests)} requests a second; ${shareText(most, met)} of them in partition ${partition}`,
    advice:
      'A few keys have most of the load. Spread them over several keys, or use fewer threads.',
  };
};

const hotPartition: Check = ({ span }) => {
  const rates = span.ratesBy('flagstone_partition_operations_total', 'partition');
  const all = rates.reduce((sum, [, rate]) => sum + rate, 0);
  const [[partition, most] = ['?', 0]] = rates;
  const isHot = most >= all * HOT_SHARE && most >= (all / rates.length) * HOT_TIMES;
  if (all < RATE_ENOUGH || !isHot) return null;
  return {
    level: 'LOOK',
    what: 'One partition has much of the load: few keys are asked for most.',
    evidence: `partition ${partition} has ${shareText(most, all)} of ${countText(all)} operations a second, of ${rates.length} partitions`,
    advice:
      'The hottest keys (`flagstone top`, key s) tell which; spread them, or keep them in the clients.',
  };
};

const slowClients: Check = ({ span: { now } }) => {
  const cuts = now.sum('flagstone_output_cuts_total');
  if (cuts === 0) return null;
  return {
    level: 'LOOK',
    what: 'Clients were cut because they did not read their replies.',
    evidence: `${countText(cuts)} of them`,
    advice: 'They ask for more than they, or the network between, can take.',
  };
};

const errors: Check = ({ span: { now } }) => {
  const count = now.sum('redis_errors_total');
  const commands = now.sum('redis_commands_processed_total');
  if (commands < LOOKUPS_ENOUGH || count < commands * ERRORS_MANY) return null;
  const worst = now.by('redis_errors_total', 'err').slice(0, 3);
  return {
    level: 'LOOK',
    what: 'Many RESP commands are answered with an error.',
    evidence: `${shareText(count, commands)}: ${worst.map(([code, times]) => `${code} ${countText(times)}`).join(', ')}`,
    advice: 'INFO errorstats and commandstats show which.',
  };
};

const logins: Check = ({ span: { now } }) => {
  const count = now.sum('flagstone_auth_failures_total');
  if (count < LOGINS_MANY) return null;
  return {
    level: 'LOOK',
    what: 'Logins are refused.',
    evidence: `${countText(count)} since the start`,
    advice: 'Somebody has an old password, or guesses.',
  };
};

/** RESP without a password, open to other machines and not protected; and memcached, which has no such mode. */
const openDoors: Check = ({ config: { options, directives } }) => {
  const listen = (options['listen'] as readonly string[] | undefined) ?? [];
  const isLocal =
    listen.length > 0 && listen.every((address) => hostIsLoopback(address.replace(/:\d+$/, '')));
  if (isLocal) return null;
  const isOff = (name: string): boolean => options[name] === false || options[name] === null;
  const doors: string[] = [];
  if (
    options['port'] !== 0 &&
    options['unix-socket'] === null &&
    isOff('enable-sasl') &&
    isOff('auth-file')
  ) {
    doors.push('memcached');
  }
  const { requirepass = '', port = '0', 'protected-mode': mode = 'yes' } = directives;
  if (port !== '0' && requirepass === '' && mode === 'no') doors.push('RESP');
  if (doors.length === 0) return null;
  return {
    level: 'LOOK',
    what: 'Other machines may connect without a password.',
    evidence: `${doors.join(' and ')} on ${listen.length === 0 ? 'all interfaces' : listen.join(', ')}`,
    advice: 'Where the network is not closed: -l 127.0.0.1, or -S, -Y and requirepass, and TLS.',
  };
};

const freeChunks: Check = ({ span: { now } }) => {
  const classes = now.all('memcached_slab_chunks_free').map(({ labels, value }) => {
    const { slab = '' } = labels;
    const chunkBytes = now.sum('memcached_slab_chunk_size_bytes', { slab });
    return {
      slab,
      freeBytes: value * chunkBytes,
      bytes: now.sum('memcached_slab_current_chunks', { slab }) * chunkBytes,
    };
  });
  const free = classes.reduce((sum, { freeBytes }) => sum + freeBytes, 0);
  const all = classes.reduce((sum, { bytes }) => sum + bytes, 0);
  if (free < FREE_BYTES_ENOUGH || free < all * FREE_CHUNKS_MANY) return null;
  const most = classes.toSorted((a, b) => b.freeBytes - a.freeBytes).slice(0, 3);
  return {
    level: 'WASTE',
    what: 'Much memory is tied to slab classes that do not need it.',
    evidence: `${bytesText(free)} of ${bytesText(all)}; most in classes ${most.map(({ slab }) => slab).join(', ')}`,
    advice:
      'It goes where it is needed once memory is short; with slab_automove off it does not: turn that on.',
  };
};

const oversized: Check = ({ span: { now } }) => {
  const uptime = now.sum('memcached_uptime_seconds');
  const used = now.sum('redis_memory_used_peak_bytes');
  const limit = now.sum('redis_memory_max_bytes');
  if (uptime < LONG_ENOUGH_SEC || used > limit * MEMORY_LITTLE) return null;
  return {
    level: 'WASTE',
    what: 'Less than half of the memory was ever used.',
    evidence: `${bytesText(used)} of ${bytesText(limit)} in ${durationText(uptime)}`,
    advice: 'A smaller machine would do, if this was a usual time.',
  };
};

const idle: Check = ({ span: { now } }) => {
  const uptime = now.sum('memcached_uptime_seconds');
  const threads = now.sum('flagstone_threads');
  const share = now.sum('flagstone_thread_cpu_seconds_total') / (uptime * threads);
  if (uptime < LONG_ENOUGH_SEC || threads === 1 || share > CPU_LITTLE) return null;
  return {
    level: 'WASTE',
    what: 'Data threads have little to do.',
    evidence: `${shareText(share, 1)} of ${countText(threads)} cores in ${durationText(uptime)}`,
    advice: 'Fewer cores would do, if this was a usual time.',
  };
};

const CHECKS: readonly Check[] = [
  readiness,
  deaths,
  refusedStores,
  refusedConnections,
  connections,
  tooSmall,
  endless,
  hitRate,
  busy,
  uneven,
  delays,
  contention,
  hotPartition,
  slowClients,
  errors,
  logins,
  openDoors,
  freeChunks,
  oversized,
  idle,
];
