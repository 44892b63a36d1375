import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Config } from '../../src/cli/config.ts';
import { EXTENDED_ROWS } from '../../src/cli/extended-options.ts';
import { OPTION_ROWS, optionEnvironmentName } from '../../src/cli/option-rows.ts';
import type { Environment } from '../../src/cli/option-sources.ts';
import { optionsParse, optionsText } from '../../src/cli/options.ts';
import { GIB, KIB, MIB } from '../../src/cli/units.ts';
import { configOf, MACHINE } from './support.ts';

/** Every field, so that the compiler asks for a new one here. */
type RespField = 'resp' | 'respPort' | 'respConfPath' | 'requirePass' | 'isRespServer';
const DEFAULTS: Omit<Config, RespField> = {
  port: 11211,
  udpPort: 0,
  listenAddresses: [],
  unixSocketPath: null,
  unixSocketMask: 0o700,
  backlog: 1024,
  connectionCountMax: 1024,
  maxconnsFast: true,
  idleTimeoutSec: 0,
  readBufferBytesMax: 0,
  memoryBytes: 64 * MIB,
  memoryBytesMax: 0,
  evict: true,
  itemBytesMax: MIB,
  growthFactor: 1.06,
  chunkBytesMin: 48,
  lockMemory: false,
  largePages: false,
  slabChunkBytesMax: 512 * KIB,
  slabReassign: true,
  slabAutomove: 1,
  slabAutomoveRatio: 0.8,
  slabAutomoveWindow: 10,
  lruCrawler: true,
  lruCrawlerSleepUs: 100,
  lruCrawlerItemCountMax: 0,
  lruMaintainer: true,
  hotLruPct: 20,
  warmLruPct: 40,
  hotMaxFactor: 0.2,
  warmMaxFactor: 2,
  temporaryTtlSec: 61,
  temporaryLru: false,
  tailRepairTimeSec: 0,
  hashpowerInit: 0,
  hashExpand: true,
  hashAlgorithm: 'keyed',
  threadCount: 4,
  requestsPerEventMax: 1024,
  protocol: 'auto',
  casEnabled: true,
  flushAllEnabled: true,
  shutdownCommand: false,
  dumpEnabled: true,
  watchEnabled: true,
  statsPrefixDelimiter: ':',
  statsDetailEnabled: false,
  trackSizes: false,
  watcherLogBytes: 256 * KIB,
  workerLogBytes: 64 * KIB,
  saslEnabled: false,
  usersFile: null,
  authFile: null,
  tlsEnabled: false,
  tlsChainCert: null,
  tlsKey: null,
  tlsKeyFormat: 1,
  tlsCaCert: null,
  tlsVerifyMode: 0,
  tlsCiphers: null,
  tlsMinVersion: 2,
  tlsSessionCache: false,
  tlsWriteBufferBytes: 16 * KIB,
  clusterNodes: null,
  clusterNodesFile: null,
  etcdEndpoints: null,
  clusterName: 'flagstone',
  announce: null,
  etcdTtlSec: 10,
  verbosity: 0,
  logFormat: 'auto',
  logFile: null,
  adminPort: 0,
  adminListen: '127.0.0.1',
  adminTokenFile: null,
  adminToken: null,
  adminTls: 'off',
  daemonize: false,
  pidFile: null,
  user: null,
  warnings: [],
};

/** All fields but those of RESP, which have tests of their own. */
function fieldsOf(line: string, env: Environment = {}): Omit<Config, RespField> {
  const { resp, respPort, respConfPath, requirePass, isRespServer, ...fields } = configOf(
    line,
    env,
  );
  return fields;
}

describe('the rows', () => {
  it('fill every field, with the defaults', () => {
    expect(fieldsOf('')).toEqual(DEFAULTS);
  });

  it('have flags, names and extended names of their own', () => {
    const flags = OPTION_ROWS.map((row) => row.flag).filter((flag) => flag !== '');
    for (const words of [
      flags,
      OPTION_ROWS.map((row) => row.name),
      EXTENDED_ROWS.map((row) => row.name),
    ]) {
      expect(new Set(words).size).toBe(words.length);
    }
  });

  it('cover every flag of memcached', () => {
    const flags = [...'aAZpsUmMckhiVrvdluPfntDLRCbBISFXWYeoN'];
    expect(flags.filter((flag) => !OPTION_ROWS.some((row) => row.flag === flag))).toEqual([]);
  });
});

const TLS = '-Z -o ssl_chain_cert=/c,ssl_key=/k';
const MIN_VERSION = '-o ssl_min_version=N is taken as 2: TLS 1.2 is the oldest spoken';
const NO_AUTHORITY = 'without -o ssl_ca_cert=FILE: no certificate of a client can be verified';

// What is typed, and the fields in which it differs from the defaults.
const CASES: readonly (readonly [string, Partial<Config>])[] = [
  ['-p 11212', { port: 11212 }],
  ['-p11212', { port: 11212 }],
  ['--port 11212', { port: 11212 }],
  ['--port=11212', { port: 11212 }],
  ['-p 1 -p 2', { port: 2 }],
  ['-p -1', { port: -1 }],
  ['-p-1', { port: -1 }],
  ['--port=-1', { port: -1 }],
  ['-p 0 -s /tmp/s', { port: 0, unixSocketPath: '/tmp/s' }],
  ['-U 0', {}],
  ['-l 127.0.0.1', { listenAddresses: ['127.0.0.1'] }],
  ['-l127.0.0.1', { listenAddresses: ['127.0.0.1'] }],
  ['-l a,b:1 -l [::1]:2;::1 -l a', { listenAddresses: ['a', 'b:1', '[::1]:2', '::1'] }],
  ['-s /tmp/s -a 0770', { unixSocketPath: '/tmp/s', unixSocketMask: 0o770 }],
  ['-a 777', { unixSocketMask: 0o777 }],
  ['-c 5 -b 8675 -R 500', { connectionCountMax: 5, backlog: 8675, requestsPerEventMax: 500 }],
  ['-m 128', { memoryBytes: 128 * MIB }],
  ['-m 1g', { memoryBytes: GIB }],
  ['-m 512M', { memoryBytes: 512 * MIB }],
  ['-M -m 2', { evict: false, memoryBytes: 2 * MIB }],
  ['-Mm 2', { evict: false, memoryBytes: 2 * MIB }],
  ['-m 4098 -M', { evict: false, memoryBytes: 4098 * MIB }],
  ['-I 2097152', { itemBytesMax: 2 * MIB }],
  ['-I 1024', { itemBytesMax: KIB, slabChunkBytesMax: KIB }],
  ['-I 3000', { itemBytesMax: 3000, slabChunkBytesMax: 2 * KIB }],
  ['-I 512k -o slab_chunk_max=8', { itemBytesMax: 512 * KIB, slabChunkBytesMax: 8 * KIB }],
  ['-m 256 -I 32m', { memoryBytes: 256 * MIB, itemBytesMax: 32 * MIB }],
  ['-m 2g -I 1G', { memoryBytes: 2 * GIB, itemBytesMax: GIB }],
  ['-f 1.25 -n 96', { growthFactor: 1.25, chunkBytesMin: 96 }],
  ['-t 32', { threadCount: 32 }],
  ['-t auto', { threadCount: 4 }],
  ['-U 11212', { udpPort: 11212, port: 11212 }],
  ['-U -1', { udpPort: -1, port: -1 }],
  ['-p -1 -U -1', { udpPort: -1, port: -1 }],
  ['-p 5 -U 6', { udpPort: 6, port: 5 }],
  ['-p 0 -U 6', { udpPort: 6, port: 0 }],
  ['--memory-limit-max 64', { memoryBytesMax: 64 * MIB }],
  ['-B ascii', { protocol: 'ascii' }],
  ['-B binary', { protocol: 'binary' }],
  ['-B auto', {}],
  ['-S --users-file /u', { saslEnabled: true, usersFile: '/u', protocol: 'binary' }],
  [
    '-B binary -U 0 -S -l 127.0.0.1 --users-file /u',
    {
      saslEnabled: true,
      usersFile: '/u',
      protocol: 'binary',
      listenAddresses: ['127.0.0.1'],
    },
  ],
  ['-Y /f -U 0', { authFile: '/f', protocol: 'ascii' }],
  ['-Y /f -B ascii', { authFile: '/f', protocol: 'ascii' }],
  [
    '-Z -o ssl_chain_cert=/c -o ssl_key=/k,ssl_min_version=3,ssl_session_cache',
    {
      tlsEnabled: true,
      tlsChainCert: '/c',
      tlsKey: '/k',
      tlsMinVersion: 3,
      tlsSessionCache: true,
    },
  ],
  ['--cluster-nodes a||1', { clusterNodes: 'a||1' }],
  ['--cluster-nodes-file /f', { clusterNodesFile: '/f' }],
  [
    '--etcd http://a:1 --cluster-name c --announce a||1 --etcd-ttl 5',
    { etcdEndpoints: 'http://a:1', clusterName: 'c', announce: 'a||1', etcdTtlSec: 5 },
  ],
  ['--announce a||1', { announce: 'a||1' }],
  ['-C -F', { casEnabled: false, flushAllEnabled: false }],
  ['-XW', { dumpEnabled: false, watchEnabled: false }],
  ['-A -p -1 -U 0 -vvv', { shutdownCommand: true, port: -1, verbosity: 3 }],
  ['-D .', { statsPrefixDelimiter: '.', statsDetailEnabled: true }],
  ['-v', { verbosity: 1 }],
  ['-vv -v --verbose', { verbosity: 4 }],
  ['-vvp11212', { verbosity: 2, port: 11212 }],
  ['-d -P /tmp/p -u root', { daemonize: true, pidFile: '/tmp/p', user: 'root' }],
  ['--log json', { logFormat: 'json' }],
];

describe('the command line', () => {
  it.each(CASES)('%s', (line, differing) => {
    expect(fieldsOf(line)).toEqual({ ...DEFAULTS, ...differing });
  });

  it('passes over spaces around a word, as memcached does', () => {
    expect(optionsParse(['-p', ' 1 '], {}).port).toBe(1);
  });

  it('takes as many threads as there are cores, up to four', () => {
    const counts = [1, 2, 4, 64].map(
      (coreCount) => configOf('', {}, { ...MACHINE, coreCount }).threadCount,
    );
    expect(counts).toEqual([1, 2, 4, 4]);
  });
});

/** What is typed, and every warning that it gives. */
const WARNINGS: readonly (readonly [string, ...string[]])[] = [
  ['-k', '-k has no effect: Node.js cannot lock memory'],
  ['-L', '-L has no effect: Node.js cannot ask for large pages'],
  ['-N 2', '-N has no effect: the system spreads connections over the threads'],
  ['-r', '-r has no effect: Node.js cannot raise the limit; run ulimit -c unlimited first'],
  ['-p 0 --resp-port 0', '-p 0 without -s, -U or --resp-port: nobody can connect'],
  ['-m 64g', '-m 64 GiB is more than this machine has (32 GiB)'],
  ['-s /tmp/s -U -1', '-U -1 has no effect: with -s there is neither TCP nor UDP'],
  // TLS.
  ['-o ssl_key=/k', '-o ssl_key has no effect: there is no TLS without -Z'],
  [
    '-o ssl_key=/k,ssl_chain_cert=/c',
    '-o ssl_key,ssl_chain_cert has no effect: there is no TLS without -Z',
  ],
  [`${TLS} -U 5 -p 5`, '-U 5 with -Z: datagrams are in the clear'],
  [`${TLS},ssl_min_version=0`, MIN_VERSION.replace('N', '0')],
  [`${TLS},ssl_min_version=1`, MIN_VERSION.replace('N', '1')],
  [`${TLS},ssl_verify_mode=2`, `-o ssl_verify_mode=2 ${NO_AUTHORITY}`],
  [`${TLS} -l mtls:a:1`, `-l mtls:a:1 ${NO_AUTHORITY}`],
  [`${TLS},ssl_verify_mode=2,ssl_ca_cert=/a -l mtls:a:1`],
  // Authentication.
  ['--users-file /u', '--users-file has no effect: it is for -S'],
  [
    '-S --users-file /u -l proto[negotiating]:a',
    '-l proto[negotiating]:a speaks binary alone: -S knows no other',
  ],
  [
    '-Y /f -l proto[negotiating]:a',
    '-l proto[negotiating]:a speaks ascii alone: -Y knows no other',
  ],
  // Auto-discovery.
  ['--cluster-name a', '--cluster-name has no effect: it is for --etcd'],
  ['--etcd-ttl 5', '--etcd-ttl has no effect: it is for --etcd'],
  [
    '--announce a||1 --cluster-nodes-file /f',
    '--announce has no effect: --cluster-nodes-file names the nodes',
  ],
];

describe('what is accepted with a warning', () => {
  it.each(WARNINGS)('%s', (line, ...warnings) => {
    expect(configOf(line).warnings).toEqual(warnings);
  });

  it('does without UDP on a unix socket', () => {
    expect(configOf('-s /tmp/s -U 5')).toMatchObject({ udpPort: 0, port: 11211 });
  });

  it('speaks TLS 1.2 where older ones are asked for', () => {
    expect(configOf(`${TLS},ssl_min_version=0`).tlsMinVersion).toBe(2);
  });
});

describe('the places options come from', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'flagstone-cli-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function file(content: string): string {
    const path = join(folder, 'flagstone.conf');
    writeFileSync(path, content);
    return path;
  }

  it('reads a variable for every option, named after it', () => {
    const env = {
      FLAGSTONE_PORT: '1',
      FLAGSTONE_MAX_ITEM_SIZE: '2m',
      FLAGSTONE_DISABLE_EVICTIONS: 'yes',
      FLAGSTONE_DISABLE_CAS: '0',
      FLAGSTONE_LISTEN: 'a,b',
      FLAGSTONE_VERBOSE: '2',
      FLAGSTONE_EXTENDED: 'idle_timeout=3',
      FLAGSTONE_LOG: 'json',
      FLAGSTONE_USER: '',
    };
    expect(fieldsOf('', env)).toEqual({
      ...DEFAULTS,
      port: 1,
      itemBytesMax: 2 * MIB,
      evict: false,
      listenAddresses: ['a', 'b'],
      verbosity: 2,
      idleTimeoutSec: 3,
      logFormat: 'json',
    });
    expect(new Set(OPTION_ROWS.map(optionEnvironmentName)).size).toBe(OPTION_ROWS.length);
  });

  it('lets the environment say what -S needs', () => {
    const env = { FLAGSTONE_USERS_FILE: '/u', FLAGSTONE_ENABLE_SASL: 'yes' };
    const expected = { saslEnabled: true, usersFile: '/u', protocol: 'binary', warnings: [] };
    expect(configOf('', env)).toMatchObject(expected);
  });

  it('passes over what a cluster manager puts into FLAGSTONE_PORT', () => {
    expect(fieldsOf('', { FLAGSTONE_PORT: 'tcp://10.0.0.1:11211' })).toEqual(DEFAULTS);
  });

  it('reads a file of names and values', () => {
    const lines = [
      '# a comment',
      'port 1',
      'memory-limit = 128   # another',
      'listen=a,b',
      '',
      '  listen c\r',
      'disable-evictions',
      'disable-cas no',
      'pidfile /a#b',
      'extended idle_timeout=3',
      'verbose 1',
    ];
    expect(fieldsOf(`--config ${file(lines.join('\n'))}`)).toEqual({
      ...DEFAULTS,
      port: 1,
      memoryBytes: 128 * MIB,
      listenAddresses: ['a', 'b', 'c'],
      evict: false,
      pidFile: '/a#b',
      idleTimeoutSec: 3,
      verbosity: 1,
    });
  });

  it('prefers the command line to the environment, and that to the file', () => {
    const path = file(
      'port 1\nthreads 1\nconn-limit 1\nlisten a\nverbose 3\ndisable-evictions\nextended idle_timeout=1,slab_automove=0\n',
    );
    const env = {
      FLAGSTONE_CONFIG: path,
      FLAGSTONE_PORT: '2',
      FLAGSTONE_THREADS: '2',
      FLAGSTONE_LISTEN: 'b',
      FLAGSTONE_DISABLE_EVICTIONS: 'off',
      FLAGSTONE_EXTENDED: 'idle_timeout=2',
    };
    expect(fieldsOf('-p 3 -v -l c -l d -o worker_logbuf_size=8', env)).toEqual({
      ...DEFAULTS,
      port: 3,
      threadCount: 2,
      connectionCountMax: 1,
      listenAddresses: ['c', 'd'],
      verbosity: 1,
      idleTimeoutSec: 2,
      slabAutomove: 0,
      workerLogBytes: 8 * KIB,
    });
  });

  it('prefers --config to FLAGSTONE_CONFIG', () => {
    const path = file('port 7\n');
    expect(configOf(`--config ${path}`, { FLAGSTONE_CONFIG: '/nowhere' }).port).toBe(7);
  });
});

describe('what prints and exits', () => {
  it.each([['-V'], ['--version'], ['-p 1 -V']])('%s', (line) => {
    expect(optionsText(line.split(' '))).toMatch(/^flagstone \d+\.\d+\.\d+\S*\n$/);
  });

  it('-i prints the licence', () => {
    expect(optionsText(['-i'])).toMatch(/^flagstone \S+\n\n[\s\S]*without warranty/i);
  });

  it('nothing else does', () => {
    expect(optionsText(['-p', '1', '-s', '-h'])).toBe(null);
  });
});
