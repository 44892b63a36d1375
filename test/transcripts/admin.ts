/** version, verbosity, quit, shutdown, stats in all its words, and the settings that change at run time. */
import {
  BAD_LINE,
  DELETED,
  END,
  ERROR,
  OK,
  PRESENT_PARSER,
  RESET,
  SILENCE,
  STORED,
  set,
  stats,
  TOUCHED,
  value,
} from './replies.ts';
import { transcript } from './transcript.ts';

const VERSION = /VERSION \d+\.\d+\.\d+[^\r\n]*\r\n/;
const SHUTDOWN_REFUSED = 'SERVER_ERROR: shutdown not enabled\r\n';
const LISTENER = '(?:tcp:127\\.0\\.0\\.1:\\d+|unix:/\\S+)';
const USAGE_DETAIL = 'CLIENT_ERROR usage: stats detail on|off|dump\r\n';

/** The general statistics that every 1.6 has, by the kind of their value. */
const NUMBERS =
  `pid uptime time pointer_size max_connections curr_connections total_connections rejected_connections
  connection_structures response_obj_oom response_obj_count response_obj_bytes read_buf_count
  read_buf_bytes read_buf_bytes_free read_buf_oom reserved_fds cmd_get cmd_set cmd_flush cmd_touch
  cmd_meta get_hits get_misses get_expired get_flushed delete_misses delete_hits incr_misses incr_hits
  decr_misses decr_hits cas_misses cas_hits cas_badval touch_hits touch_misses store_too_large
  store_no_memory auth_cmds auth_errors bytes_read bytes_written limit_maxbytes accepting_conns
  listen_disabled_num time_in_listen_disabled_us threads conn_yields hash_power_level hash_bytes
  hash_is_expanding malloc_fails log_worker_dropped log_worker_written log_watcher_skipped
  log_watcher_sent log_watchers bytes curr_items total_items expired_unfetched evicted_unfetched
  evicted_active evictions reclaimed crawler_reclaimed crawler_items_checked lrutail_reflocked
  moves_to_cold moves_to_warm moves_within_lru direct_reclaims lru_bumps_dropped
  slab_global_page_pool slab_reassign_rescues slab_reassign_chunk_rescues
  slab_reassign_inline_reclaim slab_reassign_busy_items slab_reassign_busy_deletes
  slab_reassign_running slabs_moved lru_crawler_running lru_crawler_starts lru_maintainer_juggles`
    .split(/\s+/)
    .map((name) => `${name} \\d+`);

const SETTINGS =
  `maxbytes maxconns tcpport udpport inter verbosity oldest evictions domain_socket umask
  shutdown_command growth_factor chunk_size num_threads num_threads_per_udp stat_key_prefix
  detail_enabled reqs_per_event cas_enabled tcp_backlog binding_protocol auth_enabled_sasl
  auth_enabled_ascii item_size_max maxconns_fast hashpower_init slab_reassign slab_automove
  slab_automove_ratio slab_automove_window slab_chunk_max lru_crawler lru_crawler_sleep
  lru_crawler_tocrawl tail_repair_time flush_enabled dump_enabled hash_algorithm
  lru_maintainer_thread lru_segmented hot_lru_pct warm_lru_pct hot_max_factor warm_max_factor
  temp_lru temporary_ttl idle_timeout watcher_logbuf_size worker_logbuf_size read_buf_mem_limit
  track_sizes inline_ascii_response`
    .split(/\s+/)
    .map((name) => `${name} [^\\r\\n]+`);

const ITEM_STATS =
  `number number_hot number_warm number_cold age_hot age_warm age mem_requested evicted
  evicted_nonzero evicted_time outofmemory tailrepairs reclaimed expired_unfetched
  evicted_unfetched evicted_active crawler_reclaimed crawler_items_checked lrutail_reflocked
  moves_to_cold moves_to_warm moves_within_lru direct_reclaims hits_to_hot hits_to_warm
  hits_to_cold hits_to_temp`
    .split(/\s+/)
    .map((name) => `items:\\d+:${name} \\d+`);

const SLAB_STATS =
  `chunk_size chunks_per_page total_pages total_chunks used_chunks free_chunks free_chunks_end
  get_hits cmd_set delete_hits incr_hits decr_hits cas_hits cas_badval touch_hits`
    .split(/\s+/)
    .map((name) => `\\d+:${name} \\d+`);

const plain = [
  transcript('version', [
    ['version\r\n', VERSION],
    ['version\n', VERSION],
    ['version \r\n', VERSION],
    ['version other words\r\n', VERSION],
    ['version noreply\r\n', VERSION],
  ]),
  transcript('verbosity', [
    ['verbosity 0\r\n', OK],
    ['verbosity 0\n', OK],
    ['verbosity  0 \r\n', OK],
    ['verbosity 0 other\r\n', OK],
    ['verbosity 0 noreply\r\n', SILENCE],
    ['verbosity noreply\r\n', SILENCE],
    ['verbosity x noreply\r\n', SILENCE],
    ['verbosity x\r\n', BAD_LINE],
    ['verbosity -1\r\n', BAD_LINE],
    ['verbosity\r\n', BAD_LINE, PRESENT_PARSER],
    ['verbosity 4294967296\r\n', BAD_LINE, PRESENT_PARSER],
    ['verbosity 0 1 2\r\n', OK, PRESENT_PARSER],
  ]),
  ...['quit\r\n', 'quit\n', 'quit \r\n', 'quit noreply\r\n', 'quit other\r\n'].map((line) =>
    transcript(`quit closes without a word: ${JSON.stringify(line)}`, [
      ['version\r\n', VERSION],
      [line, SILENCE, { closes: true }],
    ]),
  ),
  transcript('quit answers what came before it and drops what comes after', [
    [set('a', '1'), STORED],
    [
      'get a\r\nquit\r\nget a\r\nset a 0 0 1\r\n2\r\n',
      value('a', '1'),
      { on: 'leaving', closes: true },
    ],
    ['get a\r\n', value('a', '1')],
  ]),
  transcript('quit is a whole word', [
    ['quits\r\n', ERROR],
    ['qui\r\n', ERROR],
    ['QUIT\r\n', ERROR],
  ]),
  transcript(
    'shutdown is refused when it was not enabled',
    [
      ['shutdown\r\n', SHUTDOWN_REFUSED],
      ['shutdown graceful\r\n', SHUTDOWN_REFUSED],
      ['shutdown other\r\n', SHUTDOWN_REFUSED],
      ['shutdown noreply\r\n', SILENCE],
    ],
    PRESENT_PARSER,
  ),
];

const statistics = [
  transcript('stats names every general statistic', [
    ['stats\r\n', stats('version \\d+\\.\\d+\\.\\d+[^\\r\\n]*', 'libevent [^\\r\\n]+', ...NUMBERS)],
    ['stats \r\n', stats('rusage_user \\d+\\.\\d{6}', 'rusage_system \\d+\\.\\d{6}')],
    [
      'stats\n',
      stats('pointer_size 64', 'limit_maxbytes 67108864', 'threads 2', 'accepting_conns 1'),
    ],
  ]),
  transcript('stats settings names every setting', [
    ['stats settings\r\n', stats(...SETTINGS)],
    [
      'stats settings\r\n',
      stats(
        'maxbytes 67108864',
        'tcpport \\d+',
        'udpport 0',
        'inter (?:127\\.0\\.0\\.1|NULL)',
        'num_threads 2',
      ),
    ],
    [
      'stats settings\r\n',
      stats(
        'item_size_max 1048576',
        'evictions on',
        'cas_enabled yes',
        'flush_enabled yes',
        'maxconns 1024',
      ),
    ],
    [
      'stats settings\r\n',
      stats(
        'growth_factor 1\\.\\d\\d',
        'chunk_size 48',
        'shutdown_command no',
        'stat_key_prefix :',
      ),
    ],
    [
      'stats settings\r\n',
      stats('domain_socket (?:NULL|/\\S+)', 'umask 700', 'client_flags_size 4'),
      PRESENT_PARSER,
    ],
  ]),
  transcript('stats items and slabs show the classes in use', [
    [set('a', '1'), STORED],
    ['stats items\r\n', stats(...ITEM_STATS)],
    ['stats slabs\r\n', stats(...SLAB_STATS, 'active_slabs \\d+', 'total_malloced \\d+')],
  ]),
  transcript('stats sizes is off unless asked for at start', [
    ['stats sizes\r\n', 'STAT sizes_status disabled\r\nEND\r\n'],
  ]),
  transcript('stats conns shows this connection and the listener', [
    [
      'stats conns\r\n',
      stats(
        `\\d+:addr ${LISTENER}`,
        `\\d+:listen_addr ${LISTENER}`,
        '\\d+:state conn_listening',
        '\\d+:state conn_parse_cmd',
        '\\d+:secs_since_last_cmd \\d+',
      ),
    ],
  ]),
  transcript('stats of an unknown group', [
    ['stats other\r\n', ERROR],
    ['stats noreply\r\n', ERROR],
    ['stats other words here\r\n', ERROR],
    ['STATS\r\n', ERROR],
    ['statss\r\n', ERROR],
  ]),
  transcript('stats reset', [
    ['stats reset\r\n', RESET],
    ['stats  reset\r\n', RESET],
    ['stats reset\n', RESET],
    ['stats reset other\r\n', RESET],
    ['stats reset noreply\r\n', RESET],
  ]),
  transcript('the counters of get, gat and touch', [
    [set('a', '1'), STORED],
    ['stats reset\r\n', RESET],
    ['get a b c\r\n', value('a', '1')],
    ['gets a\r\n', /VALUE a 0 1 \d+\r\n1\r\nEND\r\n/],
    ['gat 0 a b\r\n', value('a', '1')],
    ['touch a 0\r\n', TOUCHED],
    ['touch b 0\r\n', 'NOT_FOUND\r\n'],
    [
      'stats\r\n',
      stats('cmd_get 4', 'get_misses 2', 'cmd_touch 4', 'touch_hits 2', 'touch_misses 2'),
    ],
    ['stats\r\n', stats('cmd_set 0')],
    ['stats\r\n', stats('get_hits 2')],
  ]),
  transcript('the counters of storage commands', [
    ['stats reset\r\n', RESET],
    [set('a', '1'), STORED],
    ['add a 0 0 1\r\n2\r\n', 'NOT_STORED\r\n'],
    ['replace a 0 0 1\r\n2\r\n', STORED],
    ['append a 0 0 1\r\n3\r\n', STORED],
    ['cas a 0 0 1 0\r\n4\r\n', 'EXISTS\r\n'],
    ['cas b 0 0 1 1\r\n4\r\n', 'NOT_FOUND\r\n'],
    ['stats\r\n', stats('cmd_set 6', 'cas_badval 1', 'cas_misses 1', 'cas_hits 0')],
  ]),
  transcript('the counters of delete, incr, decr and flush_all', [
    [set('n', '5'), STORED],
    ['stats reset\r\n', RESET],
    ['incr n 1\r\n', '6\r\n'],
    ['decr n 1\r\n', '5\r\n'],
    ['incr m 1\r\n', 'NOT_FOUND\r\n'],
    ['decr m 1\r\n', 'NOT_FOUND\r\n'],
    ['delete n\r\n', DELETED],
    ['delete n\r\n', 'NOT_FOUND\r\n'],
    ['flush_all\r\n', OK],
    ['stats\r\n', stats('incr_hits 1', 'incr_misses 1', 'decr_hits 1', 'decr_misses 1')],
    ['stats\r\n', stats('delete_hits 1', 'delete_misses 1', 'cmd_flush 1')],
  ]),
  transcript(
    'an expired item that is asked for counts as a miss, and as expired unless reclaimed before',
    [
      ['stats reset\r\n', RESET],
      [set('a', '1', 0, -1), STORED],
      ['get a\r\n', END],
      ['stats\r\n', stats('cmd_get 1', 'get_hits 0', 'get_misses 1', 'get_expired [01]')],
    ],
  ),
  transcript('stats detail counts by the prefix before the colon', [
    ['stats detail on\r\n', OK],
    ['stats reset\r\n', RESET],
    ['stats detail dump\r\n', END],
    [set('a:b', '1'), STORED],
    [set('bare', '1'), STORED],
    ['get a:b a:c bare\r\n', `VALUE a:b 0 1\r\n1\r\n${value('bare', '1')}`],
    ['delete a:b\r\n', DELETED],
    ['stats detail dump\r\n', 'PREFIX a get 2 hit 1 set 1 del 1\r\nEND\r\n'],
    ['stats detail off\r\n', OK],
    ['get a:b\r\n', END],
    ['stats detail dump\r\n', 'PREFIX a get 2 hit 1 set 1 del 1\r\nEND\r\n'],
    ['stats reset\r\n', RESET],
    ['stats detail dump\r\n', END],
  ]),
  transcript('stats detail with another word', [
    ['stats detail\r\n', USAGE_DETAIL],
    ['stats detail other\r\n', USAGE_DETAIL],
    ['stats detail off other\r\n', OK],
  ]),
  transcript('stats cachedump lists keys with sizes', [
    [set('dumped', 'abc'), STORED],
    ['stats cachedump\r\n', 'CLIENT_ERROR bad command line\r\n'],
    ['stats cachedump 1\r\n', 'CLIENT_ERROR bad command line\r\n'],
    ['stats cachedump x y\r\n', BAD_LINE],
    ['stats cachedump 999 0\r\n', 'CLIENT_ERROR Illegal slab id\r\n'],
    ['stats cachedump 63 0\r\n', END],
    ['stats cachedump 1 0\r\n', /(?:ITEM \S+ \[\d+ b; \d+ s\]\r\n)*END\r\n/],
  ]),
];

export const admin = [...plain, ...statistics];
