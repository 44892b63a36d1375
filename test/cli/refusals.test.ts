/** Every refusal with its exact line: the user sees `flagstone: LINE`, and the exit code. */
import { describe, expect, it } from 'vitest';
import { EXIT } from '../../src/base/errors.ts';
import { OPTION_ROWS } from '../../src/cli/option-rows.ts';
import { configTextParse } from '../../src/cli/option-sources.ts';
import { configOf, faultOf } from './support.ts';

const LONG_PATH = `/tmp/${'x'.repeat(200)}`;
const SEE_HELP = '; flagstone --help lists the options';
const NO_TAGS = 'tags are for the proxy of memcached, which is not in this version';
const NO_PROTOCOL = 'the protocol must be one of ascii, binary, negotiating';
const SASL_IS_BINARY = 'SASL is for the binary protocol alone';
const AUTH_FILE_IS_ASCII = 'its first set is for the text protocol alone';

const CASES: readonly (readonly [string, string])[] = [
  // What memcached's own tests expect to be refused.
  ['-B http', '-B http: must be one of auto, ascii, binary'],
  ['-c 0', '-c 0: must be at least 1'],
  ['-c -1', '-c -1: must be at least 1'],
  ['-t 0', '-t 0: must be at least 1'],
  ['-I 1000', '-I 1000: must be at least 1024 bytes'],
  ['-I 256m', '-I 256 MiB: must be at most half of the memory (-m 64 MiB)'],
  // The command line itself.
  ['--prot 1', `unknown option '--prot' (Did you mean --port?)${SEE_HELP}`],
  ['-z', `unknown option '-z'${SEE_HELP}`],
  ['-vz', `unknown option '-z'${SEE_HELP}`],
  ['-p', `option -p, --port <num> needs a value${SEE_HELP}`],
  ['11211', `unexpected argument '11211'${SEE_HELP}`],
  ['-v -- -p', `unexpected argument '-p'${SEE_HELP}`],
  // Values.
  ['-p x', '-p x: not a whole number'],
  ['-p 64x', '-p 64x: not a whole number'],
  ['-p 1.5', '-p 1.5: not a whole number'],
  ['--port=', "-p '': not a whole number"],
  ['-p 65536', '-p 65536: must be at most 65535'],
  ['-p -2', '-p -2: must be at least -1'],
  ['-c 1000001', '-c 1000001: must be at most 1000000'],
  ['-t 65', '-t 65: must be at most 64'],
  ['-R 0', '-R 0: must be at least 1'],
  ['-b 0', '-b 0: must be at least 1'],
  ['-n 0', '-n 0: must be at least 1'],
  ['-f 1', '-f 1: must be greater than 1'],
  ['-f 17', '-f 17: must be at most 16'],
  ['-f x', '-f x: not a number'],
  ['-m 0', '-m 0: must be at least 1 MiB'],
  ['-m 65g', '-m 65g: must be at most 64 GiB'],
  ['-m 100k', '-m 100k: not a size: a whole number with an optional m, g'],
  ['-I 1t', '-I 1t: not a size: a whole number with an optional k, m, g'],
  ['-m 8g -I 2g', '-I 2g: must be at most 1 GiB'],
  ['-a 800', '-a 800: not a file mode: one to three octal digits'],
  ['-D ab', '-D ab: must be one printable character'],
  ['--log xml', '--log xml: must be one of auto, json, pretty'],
  ['--user=', "-u '': must not be empty"],
  [`-s ${LONG_PATH}`, `-s ${LONG_PATH}: a socket's path has at most 107 bytes`],
  // Addresses.
  ['-l ,', '-l: no address given'],
  ['-l a:b', '-l a:b: the port must be from 1 to 65535'],
  ['-l ok,a:0', '-l a:0: the port must be from 1 to 65535'],
  ['-l a:1:2', '-l a:1:2: the port must be from 1 to 65535'],
  ['-l [::1', '-l [::1: not an address'],
  ['-l [a]:1', '-l [a]:1: not an address'],
  ['-l a/b', '-l a/b: not an address'],
  ['-l tag_b_:a:1', `-l tag_b_:a:1: ${NO_TAGS}`],
  ['-l proto[ascii]:tag[b]:a:1', `-l proto[ascii]:tag[b]:a:1: ${NO_TAGS}`],
  ['-l proto[proxy]:a:1', `-l proto[proxy]:a:1: ${NO_PROTOCOL}`],
  ['-l proto[]:a:1', `-l proto[]:a:1: ${NO_PROTOCOL}`],
  ['-l proto[ascii]a', '-l proto[ascii]a: not an address'],
  ['-l proto[ascii]:notls:a', '-l proto[ascii]:notls:a: the port must be from 1 to 65535'],
  ['-l notls:a:b', '-l notls:a:b: the port must be from 1 to 65535'],
  // Options that do not go together.
  ['-m 1', '-m 1 MiB: too little memory: items of 1 MiB (-I) may take at most half of it'],
  ['-m 3 -I 2m', '-I 2 MiB: must be at most half of the memory (-m 3 MiB)'],
  ['-I 8k -o slab_chunk_max=16', '-o slab_chunk_max=16: must be at most -I (8 KiB)'],
  ['-o slab_chunk_max=3', '-o slab_chunk_max=3: must divide 1024 evenly'],
  [
    '-o hot_lru_pct=50,warm_lru_pct=31',
    '-o hot_lru_pct=50,warm_lru_pct=31: must be at most 80 together',
  ],
  ['-o no_lru_maintainer,temporary_ttl=9', '-o temporary_ttl: needs lru_maintainer'],
  [
    '-m 64 --memory-limit-max 32',
    '--memory-limit-max 32 MiB: must be at least the memory to begin with (-m 64 MiB)',
  ],
  // TLS.
  ['-Z', '-Z: needs -o ssl_chain_cert=FILE,ssl_key=FILE'],
  ['-Z -o ssl_key=/k', '-Z: needs -o ssl_chain_cert=FILE,ssl_key=FILE'],
  ['-Z -p 0 -U 5', '-Z: needs a TCP port, which -p 0 and -s do without'],
  ['-Z -s /tmp/s', '-Z: needs a TCP port, which -p 0 and -s do without'],
  ['-l notls:a:1', '-l notls:a:1: needs -Z'],
  ['-l a,btls:a:1', '-l btls:a:1: needs -Z'],
  ['-l mtls:[::1]', '-l mtls:[::1]: needs -Z'],
  ['-o ssl_min_version=4', '-o ssl_min_version=4: must be at most 3'],
  // Authentication.
  ['-S', '-S: needs --users-file, or FLAGSTONE_USERS_FILE'],
  ['-S --users-file /u -B ascii', `-S with -B ascii is refused: ${SASL_IS_BINARY}`],
  ['-S --users-file /u -B auto', `-S with -B auto is refused: ${SASL_IS_BINARY}`],
  ['-S --users-file /u -B binary -B ascii', `-S with -B ascii is refused: ${SASL_IS_BINARY}`],
  ['-S --users-file /u -U 5', '-S with -U 5 is refused: a datagram cannot authenticate'],
  [
    '-S --users-file /u -l proto[ascii]:a',
    `-S with -l proto[ascii]:a is refused: ${SASL_IS_BINARY}`,
  ],
  ['-Y /f -B binary', `-Y with -B binary is refused: ${AUTH_FILE_IS_ASCII}`],
  ['-Y /f -B auto', `-Y with -B auto is refused: ${AUTH_FILE_IS_ASCII}`],
  ['-Y /f -U -1', '-Y with -U -1 is refused: a datagram cannot authenticate'],
  ['-Y /f -l proto[binary]:a', `-Y with -l proto[binary]:a is refused: ${AUTH_FILE_IS_ASCII}`],
  [
    '-S -Y /f --users-file /u',
    '-S with -Y is refused: each is for a protocol that the other rules out',
  ],
  // Auto-discovery.
  [
    '--cluster-nodes a||1 --etcd http://a:1',
    '--cluster-nodes with --etcd is refused: only one of them can name the nodes',
  ],
  [
    '--cluster-nodes-file /f --cluster-nodes a||1',
    '--cluster-nodes with --cluster-nodes-file is refused: only one of them can name the nodes',
  ],
  ['--etcd-ttl 1', '--etcd-ttl 1: must be at least 2'],
  ['--cluster-nodes a', '--cluster-nodes a: a is no node: host|ip|port or host:port'],
  ['--cluster-nodes 5', '--cluster-nodes 5: no node given'],
  ['--cluster-nodes a:0', '--cluster-nodes a:0: a:0: the port must be from 1 to 65535'],
  ['--announce a:1,b:1', '--announce a:1,b:1: a:1,b:1: the port must be from 1 to 65535'],
  ['--etcd a:1', '--etcd: must be URLs such as http://127.0.0.1:2379'],
  ['--etcd http://a:1,', '--etcd: must be URLs such as http://127.0.0.1:2379'],
  ['--etcd=http://u:secret@a:1?x', '--etcd: must be URLs such as http://127.0.0.1:2379'],
  ['--etcd http://u:%@a:1', '--etcd: user and password must be percent-encoded'],
  ['-s /s --etcd http://a:1', '--etcd: needs a TCP port to list, or --announce'],
  [
    '--cluster-name a/b',
    '--cluster-name a/b: must be 1 to 100 letters, digits, dots, hyphens or underscores',
  ],
  // Not in this version.
  ['-e /f', '-e is refused: items lie in the memory of the process and end with it'],
  // Extended options.
  ['-o bogus', '-o bogus: no such extended option; flagstone --help lists them'],
  ['-o no_bogus', '-o no_bogus: no such extended option; flagstone --help lists them'],
  [
    '-o no_idle_timeout',
    '-o no_idle_timeout: no such extended option; flagstone --help lists them',
  ],
  ['-o modern,,', '-o: an extended option has no name'],
  ['-o idle_timeout', '-o idle_timeout: needs a value: idle_timeout=...'],
  ['-o idle_timeout=x', '-o idle_timeout=x: not a whole number'],
  ['-o no_lru_crawler=1', '-o no_lru_crawler=1: takes no value'],
  ['-o no_modern=1', '-o no_modern=1: takes no value'],
  ['-o lru_crawler=x', '-o lru_crawler=x: say yes or no'],
  ['-o slab_automove=3', '-o slab_automove=3: must be at most 2'],
  ['-o slab_automove_window=2', '-o slab_automove_window=2: must be at least 3'],
  ['-o slab_automove_ratio=0', '-o slab_automove_ratio=0: must be greater than 0'],
  ['-o slab_chunk_max=0', '-o slab_chunk_max=0: must be at least 1024 bytes'],
  ['-o slab_chunk_max=2048', '-o slab_chunk_max=2048: must be at most 1 MiB'],
  ['-o hashpower=11', '-o hashpower=11: must be at least 12'],
  ['-o hash_algorithm=md5', '-o hash_algorithm=md5: must be one of keyed, jenkins, murmur3, xxh3'],
  ['-o tail_repair_time=9', '-o tail_repair_time=9: must be at least 10'],
  ['-o ssl_kernel_tls', '-o ssl_kernel_tls is refused: Node.js cannot hand TLS to the kernel'],
  ['-o ext_path=/x:1g', '-o ext_path=/x:1g is refused: storage on flash is not in this version'],
  ['-o proxy_config=/x', '-o proxy_config=/x is refused: the proxy is not in this version'],
  [
    '-o drop_privileges',
    '-o drop_privileges is refused: Node.js cannot filter its own system calls; confine the server from outside',
  ],
  ['-o sock_cookie_id=1', '-o sock_cookie_id=1 is refused: Node.js cannot mark sockets'],
];

describe('the command line', () => {
  it.each(CASES)('%s', (line, message) => {
    // The limit on a socket's path is the system's.
    const expected = process.platform === 'linux' ? message : message.replace('107', '103');
    const fault = faultOf(() => configOf(line));
    expect(fault.message).toBe(expected);
    expect(fault.exitCode).toBe(EXIT.USAGE);
  });

  it('refuses every row of that kind by its flag', () => {
    for (const row of OPTION_ROWS.filter((one) => one.kind === 'refused')) {
      const argument = row.argument === '' ? '' : ' x';
      const fault = faultOf(() => configOf(`--${row.name}${argument}`));
      expect(fault.message).toBe(`-${row.flag} is refused: ${row.doc}`);
      expect(fault.code).toBe('OPTION_REFUSED');
    }
  });
});

describe('the environment', () => {
  it.each([
    ['FLAGSTONE_PORT', 'x', 'FLAGSTONE_PORT=x: not a whole number'],
    ['FLAGSTONE_VERBOSE', '10', 'FLAGSTONE_VERBOSE=10: must be at most 9'],
    ['FLAGSTONE_DISABLE_CAS', 'maybe', 'FLAGSTONE_DISABLE_CAS=maybe: say yes or no'],
    [
      'FLAGSTONE_MEMORY_FILE',
      '/f',
      'FLAGSTONE_MEMORY_FILE is refused: items lie in the memory of the process and end with it',
    ],
    ['FLAGSTONE_ENABLE_SSL', '1', '-Z: needs -o ssl_chain_cert=FILE,ssl_key=FILE'],
    ['FLAGSTONE_LISTEN', 'a/b', 'FLAGSTONE_LISTEN a/b: not an address'],
    [
      'FLAGSTONE_EXTENDED',
      'bogus',
      'FLAGSTONE_EXTENDED bogus: no such extended option; flagstone --help lists them',
    ],
    [
      'FLAGSTONE_CONFIG',
      '/nowhere/f',
      'cannot read the config file /nowhere/f: no such file or directory',
    ],
  ])('%s=%s', (name, value, message) => {
    expect(faultOf(() => configOf('', { [name]: value })).message).toBe(message);
  });

  it('does not refuse what is switched off', () => {
    expect(
      configOf('', { FLAGSTONE_ENABLE_SSL: 'no', FLAGSTONE_LOCK_MEMORY: '0' }).warnings,
    ).toEqual([]);
  });
});

describe('the config file', () => {
  it.each([
    ['prot 1', 'f:1: no such option: prot 1'],
    ['# ok\n\n-p 1', 'f:3: no such option: -p 1'],
    ['help', 'f:1: help is for the command line only'],
    ['config other', 'f:1: config is for the command line only'],
    ['port', 'f:1: port needs a value'],
    ['port =', 'f:1: port needs a value'],
  ])('%s', (content, message) => {
    const fault = faultOf(() => configTextParse(content, 'f'));
    expect(fault.message).toBe(message);
    expect(fault.code).toBe('CONFIG_LINE');
    expect(fault.exitCode).toBe(EXIT.CONFIG);
  });

  it('names the line of a bad value', () => {
    expect(configTextParse('\nport 70000', 'f')[0].label).toBe('f:2: port 70000');
  });
});
