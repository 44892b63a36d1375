/**
 * Random requests over all commands: for each a pattern of what its arguments may be. Keys are few, so
 * that commands meet what others have left; about one request in ten is nonsense.
 *
 * A pattern is words: one in lower case is sent as it is, the others are names of POOLS, or of CROWDS, which
 * are many words; `a?` may be missing, `a*` comes up to four times, `a|b` is one or the other.
 */
import fc from 'fast-check';

const pick = <T extends string | number>(...values: readonly T[]): fc.Arbitrary<T> =>
  fc.constantFrom(...values);

const shortValue = fc.oneof(
  pick('v', '', '10', '-3', '3.5', '9223372036854775807', 'hello world', '0'),
  fc.string({ maxLength: 20 }).map((s) => Buffer.from(s).toString('latin1')),
);

const POOLS: Record<string, fc.Arbitrary<string>> = {
  KEY: pick('a', 'b', 'c', '{a}1', '{a}2', 'str', 'list', 'set', 'zset', 'hash', 'stream'),
  STR: pick('str', 'a', 'b'),
  LIST: pick('list', 'a', 'l2'),
  SET: pick('set', 's2', 's3', 'a'),
  ZSET: pick('zset', 'z2', 'z3', 'a'),
  /** Ranges by name make sense only where all scores are the same. */
  LEXSET: pick('lex', 'lex2'),
  HASH: pick('hash', 'h2', 'a'),
  HLL: pick('hll', 'hll2', 'a'),
  GEO: pick('geo', 'geo2'),
  STREAM: pick('stream', 'st2', 'a'),
  GROUP: pick('g1', 'g1', 'g2', ''),
  CONSUMER: pick('c1', 'c2', 'consumer three', ''),
  /** Of an entry that is added: most are behind those before. */
  NEWID: fc.oneof(
    { weight: 6, arbitrary: pick('1000-*', '1001-*', '18446744073709551615-*') },
    { weight: 6, arbitrary: fc.tuple(fc.nat(3000), fc.nat(9)).map(([ms, n]) => `${ms}-${n}`) },
    { weight: 1, arbitrary: pick('0-0', '0-*', '5', '18446744073709551615-18446744073709551615') },
    {
      weight: 1,
      arbitrary: pick('-', '+', 'x', '1-x', '1-', '-1', '(5', '18446744073709551616', ''),
    },
  ),
  NEXTID: pick('1000-*', '1001-*'),
  OLDID: fc.oneof(
    { weight: 6, arbitrary: fc.tuple(fc.nat(3000), fc.nat(9)).map(([ms, n]) => `${ms}-${n}`) },
    { weight: 4, arbitrary: pick('1000', '1000-0', '1000-5', '1001-1', '007-01') },
    { weight: 1, arbitrary: pick('-', 'x', '5-*', '4000') },
  ),
  EDGE: fc.oneof(
    { weight: 3, arbitrary: pick('-', '+', '-', '+', '1000', '(1000', '1001-2') },
    { weight: 3, arbitrary: fc.tuple(fc.nat(3000), fc.nat(9)).map(([ms, n]) => `${ms}-${n}`) },
    { weight: 1, arbitrary: fc.nat(3000).map((ms) => `(${ms}-3`) },
    {
      weight: 1,
      arbitrary: pick('(-', '(0-0', '(18446744073709551615-18446744073709551615', '(', '$'),
    },
  ),
  SCRIPT: pick(
    "return redis.call('set', KEYS[1], ARGV[1])",
    "return redis.call('incrby', KEYS[1], ARGV[1])",
    "return redis.pcall('lpush', KEYS[1], ARGV[1], KEYS[1])",
    "return redis.call('lrange', KEYS[1], 0, -1)",
    "return redis.call('hset', KEYS[1], ARGV[1])",
    "return {redis.call('exists', KEYS[1]), redis.call('type', KEYS[1]), redis.pcall('strlen', KEYS[1])}",
    "if redis.call('get', KEYS[1]) then return redis.call('append', KEYS[1], ARGV[1]) end return redis.call('set', KEYS[1], 0)",
    "local t = redis.call('smembers', KEYS[1]) table.sort(t) return t",
    "for i = 1, 20 do redis.call('rpush', KEYS[1], ARGV[1] .. i) end return redis.call('llen', KEYS[1])",
    "redis.call('rename', KEYS[1], 'b') return redis.call('exists', 'a', 'b', 'c')",
    "local n = 0 for _, k in ipairs({'a', 'b', 'c', 'str'}) do n = n + redis.call('exists', k) end return n",
    "redis.call('del', 'c') redis.call('sadd', 'c', KEYS[1], #ARGV > 0 and ARGV[1]:sub(1, 3000) or 'x') return redis.call('scard', 'c')",
    "redis.call('zadd', KEYS[1], 5, ARGV[1]:sub(1, 3000)) return redis.call('zrange', KEYS[1], 0, -1)",
    "redis.call('select', 1) redis.call('set', KEYS[1], ARGV[1]) return redis.call('dbsize')",
    "redis.setresp(3) return {redis.call('get', KEYS[1]) == nil, true, false}",
    "#!lua flags=no-writes\nreturn redis.call('set', KEYS[1], ARGV[1])",
    "return {redis.sha1hex(ARGV[1]), tonumber(ARGV[1]), #ARGV, {ok = KEYS[1]}, {err = 'MY ' .. KEYS[1]}}",
    "local ok, e = pcall(redis.call, 'lpop', KEYS[1]) return ok and e or {err = e}",
    'return nosuch',
    'return ARGV[1]',
  ),
  MEMBER: fc.oneof(
    { weight: 3, arbitrary: pick('m1', 'm2', 'm3', '1', '2', '17', '-5', '', 'x y', '\0\r\n') },
    { weight: 3, arbitrary: fc.nat(300).map((n) => `e${n}`) },
    { weight: 3, arbitrary: fc.nat(2000).map(String) },
    { weight: 1, arbitrary: pick(60, 63, 64, 65, 253, 254, 3000).map((n) => 'e'.repeat(n)) },
  ),
  VALUE: fc.oneof(
    { weight: 4, arbitrary: shortValue },
    { weight: 4, arbitrary: fc.nat(100_000).map(String) },
    { weight: 4, arbitrary: fc.nat(300).map((n) => 'x'.repeat(n)) },
    // Longer than a chunk, than a strip of a list, and about where each of them ends.
    { weight: 1, arbitrary: fc.nat(20_000).map((n) => `${n}`.repeat(n / 5)) },
    {
      weight: 1,
      arbitrary: pick(63, 64, 65, 253, 254, 2040, 8000, 8192).map((n) => 'y'.repeat(n)),
    },
  ),
  SHORT: shortValue,
  INT: fc.oneof(
    pick('0', '1', '-1', '2', '3', '10', '-10', '100'),
    fc.integer({ min: -50, max: 50 }).map(String),
  ),
  BIGINT: pick(
    '9223372036854775807',
    '-9223372036854775808',
    '9223372036854775808',
    'abc',
    '1.5',
    ' 1',
    '01',
    '',
  ),
  COUNT: pick('0', '1', '2', '3', '5', '100', '-1'),
  SECONDS: pick('100', '1000', '50000', '0', '-1', '9223372036854775807', 'x'),
  MS: pick('100000', '5000000', '0', '-1'),
  AT: pick('4102444800', '4102444801', '1', '0', '-1'),
  ATMS: pick('4102444800000', '4102444801234', '1'),
  SCORE: fc.oneof(
    pick('0', '1', '-1', '1.5', 'inf', '-inf', '+inf', '3e5', '0.1', '1e-7', 'nan', 'x'),
    fc.integer({ min: -20, max: 20 }).map(String),
    fc.double({ noNaN: true, min: -1e6, max: 1e6 }).map(String),
  ),
  BOUND: pick('-inf', '+inf', '0', '(0', '1', '(1', '5', '10', '(10', '-5', 'x'),
  LEX: pick('-', '+', '[a', '(a', '[m2', '(m2', '[e1', '(e2', '[z', 'a'),
  FLOAT: pick('1.5', '-0.25', '3', '1e3', '0.1', 'inf', 'x', '5.0e-1'),
  BIT: pick('0', '1', '2', '7', '8', '15', '100', '1000', '-1'),
  BITVALUE: pick('0', '1', '2'),
  FIELDTYPE: pick('u8', 'i8', 'u1', 'i5', 'u63', 'i64', 'u16', 'u64', 'i65', 'x'),
  OFFSET: pick('0', '1', '8', '#0', '#1', '#3', '33', '-1'),
  PATTERN: pick('*', 'a*', '?', '[a-c]', 'e1*', '*1', '\\*', ''),
  CURSOR: pick('0', '0', '0', 'x'),
  LON: pick('13.361389', '15.087269', '0', '-122.4', '2.35', '181'),
  LAT: pick('38.115556', '37.502669', '0', '37.77', '48.85', '86'),
  UNIT: pick('m', 'km', 'mi', 'ft', 'x'),
  RADIUS: pick('100', '200', '5000', '20000', '-1'),
  WEIGHT: pick('1', '2', '0.5', '-1', '0', 'x'),
  AGGREGATE: pick('sum', 'min', 'max', 'avg'),
  DB: pick('0', '1', '2', '16', 'x'),
  CODE: pick(
    "#!lua name=lib1\nredis.register_function('run', function(_, words) return redis.call(unpack(words)) end)",
    "#!lua name=lib1\nredis.register_function('run', function(keys) return redis.pcall('lpop', keys[1]) end)",
    "#!lua name=lib2\nredis.register_function{function_name = 'look', flags = {'no-writes'}, callback = function(_, words) return redis.pcall(unpack(words)) end}",
    "#!lua name=lib2\nredis.register_function('run', function() return {1, 'two', false} end)",
    '#!lua name=lib3\nredis.call("ping")',
    '#!lua name=lib1\n',
    'return 1',
  ),
  LIBRARY: pick('lib1', 'lib2', 'lib3'),
  FUNCTION: pick('run', 'RUN', 'look', 'nothing'),
  FAR: pick('500', '8190', '8192', '16000', '20000', '-8192'),
  FARBIT: pick('16383', '65535', '70000', '131072'),
};

/** Many members that others may have, so many that collections outgrow their thresholds; a step apart. */
const crowd = fc
  .record({
    from: fc.nat(300),
    step: fc.integer({ min: 1, max: 5 }),
    count: pick(20, 130, 300, 600),
  })
  .map(({ from, step, count }) => Array.from({ length: count }, (_, n) => from + n * step));

const CROWDS: Record<string, fc.Arbitrary<readonly string[]>> = {
  MEMBERS: fc.oneof(
    crowd.map((all) => all.map((n) => `e${n}`)),
    crowd.map((all) => all.map(String)),
  ),
  FIELDS: crowd.map((all) => all.flatMap((n) => [`e${n}`, `${n}`.repeat(1 + (n % 40))])),
  SCORED: fc
    .tuple(crowd, pick(1, 7, 1000))
    .map(([all, ties]) => all.flatMap((n) => [`${(n * 37) % ties}`, `e${n}`])),
  OLDIDS: crowd.map((all) => all.map((n) => `1000-${n}`)),
  LEXED: crowd.map((all) => all.flatMap((n) => ['0', `e${n}`])),
  VALUES: crowd.map((all) => all.map((n) => `${n}`.repeat(1 + (n % 30)))),
};

/** Command → patterns. */
// biome-ignore format: a table reads in columns
const PATTERNS: Record<string, readonly string[]> = {
  // Keyspace
  del: ['KEY*'], unlink: ['KEY*'], exists: ['KEY*'], type: ['KEY'], touch: ['KEY*'],
  rename: ['KEY KEY'], renamenx: ['KEY KEY'], copy: ['KEY KEY', 'KEY KEY replace', 'KEY KEY db DB', 'KEY KEY db DB replace'],
  move: ['KEY DB'], persist: ['KEY'], ttl: ['KEY'], expiretime: ['KEY'], pexpiretime: ['KEY'], dbsize: [''], keys: ['PATTERN'],
  expire: ['KEY SECONDS', 'KEY SECONDS nx|xx|gt|lt', 'KEY SECONDS nx xx'], pexpire: ['KEY MS nx|xx|gt|lt?'], expireat: ['KEY AT', 'KEY AT nx|xx|gt|lt'], pexpireat: ['KEY ATMS'],
  'object encoding': ['KEY'], scan: ['CURSOR match PATTERN count 1000', 'CURSOR count 1000 type string|list|set|zset|hash', 'CURSOR count 0'],
  sort: ['KEY', 'KEY alpha', 'KEY desc limit INT INT', 'KEY by nosort get #', 'KEY alpha store KEY', 'KEY by x* get v* get #'], sort_ro: ['KEY alpha desc'],
  // Strings
  get: ['KEY'], set: ['KEY VALUE', 't1|t2 SHORT', 'KEY VALUE nx|xx', 'KEY VALUE ex SECONDS', 'KEY VALUE px MS get', 'KEY VALUE keepttl', 'KEY VALUE exat 4102444800', 'KEY VALUE get', 'KEY VALUE nx get', 'KEY VALUE ex 10 px 10'],
  getset: ['STR VALUE'], getdel: ['KEY'], getex: ['KEY', 'KEY ex SECONDS', 'KEY persist', 'KEY pxat ATMS', 'KEY ex'], setnx: ['KEY VALUE'], setex: ['KEY SECONDS VALUE'], psetex: ['KEY MS VALUE'],
  mget: ['KEY*'], mset: ['KEY VALUE', 't1|t2 SHORT', 'KEY VALUE KEY VALUE', 'KEY VALUE KEY'], msetnx: ['KEY VALUE KEY VALUE'], append: ['STR VALUE'], strlen: ['KEY'],
  setrange: ['STR INT VALUE', 'STR FAR VALUE', 'STR 536870912 x'], getrange: ['STR INT INT', 'STR FAR FAR'], substr: ['STR INT INT'],
  incr: ['STR'], decr: ['STR'], incrby: ['STR INT', 'STR BIGINT'], decrby: ['STR INT', 'STR BIGINT'], incrbyfloat: ['STR FLOAT'], lcs: ['t1 t2', 't1 t2 len', 't1 t2 idx', 't1 list idx minmatchlen 2 withmatchlen'],
  // Bitmaps
  setbit: ['STR BIT BITVALUE', 'STR FARBIT BITVALUE'], getbit: ['STR BIT', 'STR FARBIT'], bitcount: ['STR', 'STR FAR FAR', 'STR INT INT', 'STR INT INT bit|byte'], bitpos: ['STR BITVALUE', 'STR BITVALUE INT', 'STR BITVALUE INT INT', 'STR BITVALUE INT INT bit'],
  bitop: ['and|or|xor STR STR STR', 'not STR STR', 'or str str a', 'not STR STR STR', 'x STR STR'],
  bitfield: ['STR get FIELDTYPE OFFSET', 'STR set FIELDTYPE OFFSET INT', 'STR incrby FIELDTYPE OFFSET INT', 'STR overflow sat|fail|wrap incrby FIELDTYPE OFFSET INT get u4 0', 'STR'], bitfield_ro: ['STR get FIELDTYPE OFFSET', 'STR set u8 0 1'],
  // Hashes
  hset: ['HASH MEMBER VALUE', 'HASH MEMBER VALUE MEMBER VALUE', 'HASH MEMBER VALUE MEMBER'], hsetnx: ['HASH MEMBER VALUE'], hmset: ['HASH MEMBER VALUE'], hget: ['HASH MEMBER'], hmget: ['HASH MEMBER*'], hgetall: ['HASH'], hdel: ['HASH MEMBER*'],
  hlen: ['HASH'], hstrlen: ['HASH MEMBER'], hexists: ['HASH MEMBER'], hkeys: ['HASH'], hvals: ['HASH'], hincrby: ['HASH MEMBER INT', 'HASH MEMBER BIGINT'], hincrbyfloat: ['HASH MEMBER FLOAT'], hscan: ['HASH CURSOR count 1000', 'HASH 0 match PATTERN count 1000'], hrandfield: ['h9', 'h9 COUNT', 'HASH 10000', 'HASH 10000 withvalues'],
  // Lists
  lpush: ['LIST VALUE VALUE*'], rpush: ['LIST VALUE VALUE*'], lpushx: ['LIST VALUE'], rpushx: ['LIST VALUE VALUE'], lpop: ['LIST', 'LIST COUNT'], rpop: ['LIST', 'LIST COUNT'], llen: ['LIST'], lindex: ['LIST INT'], lrange: ['LIST INT INT'],
  lset: ['LIST INT VALUE'], linsert: ['LIST before|after VALUE VALUE', 'LIST x v v'], lrem: ['LIST INT VALUE'], ltrim: ['LIST INT INT'], lpos: ['LIST VALUE', 'LIST VALUE rank INT', 'LIST VALUE count COUNT', 'LIST VALUE rank -1 count 0 maxlen 5'],
  lmove: ['LIST LIST left|right left|right', 'LIST LIST x left'], rpoplpush: ['LIST LIST'], lmpop: ['1 LIST left|right', '2 LIST LIST left count 2', '0 LIST left', '3 LIST left', '1 LIST left count 0 x', '1 LIST left count 1 count 1', '1 LIST x count 0', '1 LIST right count'],
  // Sets
  sadd: ['SET MEMBER MEMBER*'], srem: ['SET MEMBER*'], scard: ['SET'], sismember: ['SET MEMBER'], smismember: ['SET MEMBER*'], smembers: ['SET'], smove: ['SET SET MEMBER'], sinter: ['SET*'], sunion: ['SET*'], sdiff: ['SET*'],
  sinterstore: ['SET SET*'], sunionstore: ['SET SET*'], sdiffstore: ['SET SET*'], sintercard: ['1 SET', '2 SET SET limit COUNT', '0 SET'], sscan: ['SET CURSOR count 5000', 'SET 0 match PATTERN count 5000'], spop: ['s9', 's9 COUNT', 'SET 10000'], srandmember: ['s9', 's9 COUNT', 'SET 10000'],
  // Sorted sets
  zadd: ['LEXSET 0 MEMBER 0 MEMBER', 'ZSET SCORE MEMBER', 'ZSET SCORE MEMBER SCORE MEMBER', 'ZSET nx|xx SCORE MEMBER', 'ZSET gt|lt ch SCORE MEMBER', 'ZSET incr SCORE MEMBER', 'ZSET nx gt SCORE MEMBER', 'ZSET SCORE'], zincrby: ['ZSET SCORE MEMBER'], zrem: ['ZSET MEMBER*'], zcard: ['ZSET'], zscore: ['ZSET MEMBER'], zmscore: ['ZSET MEMBER*'],
  zrank: ['ZSET MEMBER'], zrevrank: ['ZSET MEMBER'], zcount: ['ZSET BOUND BOUND'], zlexcount: ['LEXSET LEX LEX'],
  zrange: ['ZSET INT INT', 'ZSET INT INT withscores', 'ZSET INT INT rev withscores', 'ZSET BOUND BOUND byscore', 'ZSET BOUND BOUND byscore rev limit INT INT withscores', 'LEXSET LEX LEX bylex', 'LEXSET LEX LEX bylex rev limit INT INT', 'ZSET INT INT limit 0 1'],
  zrangestore: ['ZSET ZSET INT INT', 'ZSET ZSET BOUND BOUND byscore limit 0 2'], zrevrange: ['ZSET INT INT withscores'], zrangebyscore: ['ZSET BOUND BOUND', 'ZSET BOUND BOUND withscores limit INT INT'], zrevrangebyscore: ['ZSET BOUND BOUND withscores'], zrangebylex: ['LEXSET LEX LEX limit INT INT'], zrevrangebylex: ['LEXSET LEX LEX'],
  zremrangebyrank: ['ZSET INT INT'], zremrangebyscore: ['ZSET BOUND BOUND'], zremrangebylex: ['LEXSET LEX LEX'], zpopmin: ['ZSET', 'ZSET COUNT'], zpopmax: ['ZSET', 'ZSET COUNT'], zmpop: ['1 ZSET min|max', '2 ZSET ZSET min count 2', '1 ZSET min count 0 x', '1 ZSET max count 1 x', '0 ZSET min'],
  zunion: ['1 ZSET withscores', '2 ZSET SET withscores weights WEIGHT WEIGHT', '2 ZSET ZSET aggregate AGGREGATE withscores'], zinter: ['2 ZSET ZSET withscores', '2 ZSET SET aggregate AGGREGATE withscores'], zdiff: ['2 ZSET ZSET withscores', '1 ZSET'], zintercard: ['2 ZSET ZSET limit COUNT'],
  zunionstore: ['ZSET 2 ZSET SET weights WEIGHT WEIGHT', 'ZSET 1 ZSET'], zinterstore: ['ZSET 2 ZSET ZSET aggregate AGGREGATE'], zdiffstore: ['ZSET 2 ZSET ZSET'], zscan: ['ZSET CURSOR count 5000'], zrandmember: ['z9', 'z9 COUNT withscores', 'ZSET 10000', 'ZSET 10000 withscores'],
  // Streams. Blocks hold what they do in Redis only where entries are short
  xadd: ['STREAM NEWID MEMBER SHORT', 'STREAM NEWID f VALUE', 'STREAM NEWID f 1 g 2 h 3', 'st9 NEWID f v', 'st9 maxlen ~ COUNT NEWID f v', 'st9 minid ~ OLDID limit COUNT NEWID f v', 'STREAM maxlen =? COUNT NEWID f SHORT', 'STREAM minid OLDID NEWID f v', 'STREAM nomkstream NEWID f v', 'STREAM maxlen 1 minid 1 NEWID f v', 'STREAM limit 1 NEWID f v', 'STREAM NEWID f', 'STREAM maxlen 3 limit 3 NEWID f v'],
  xlen: ['STREAM', 'KEY'], xdel: ['STREAM OLDID*'], xtrim: ['STREAM maxlen =? COUNT', 'STREAM minid =? OLDID', 'st9 maxlen ~ COUNT limit COUNT', 'STREAM maxlen 1 limit 1', 'STREAM limit 1', 'STREAM maxlen INT', 'KEY maxlen 5'],
  xrange: ['STREAM EDGE EDGE', 'STREAM - + count COUNT', 'STREAM EDGE EDGE count INT', 'KEY - +', 'STREAM - + count'], xrevrange: ['STREAM EDGE EDGE', 'STREAM + - count COUNT', 'STREAM EDGE EDGE count INT'],
  'function load': ['CODE', 'replace CODE', 'replace CODE', 'x CODE'], 'function delete': ['LIBRARY'], 'function list': ['libraryname LIBRARY', 'libraryname LIBRARY withcode', 'x'], 'function flush': ['sync|async|x'], 'function stats': [''],
  fcall: ['FUNCTION 1 STR get STR', 'FUNCTION 1 STR set STR SHORT', 'FUNCTION 1 LIST lrange LIST 0 -1', 'FUNCTION 1 LIST rpush LIST SHORT', 'FUNCTION 2 KEY KEY', 'FUNCTION COUNT KEY', 'FUNCTION 0 SHORT*', 'FUNCTION x'], fcall_ro: ['FUNCTION 1 STR get STR', 'FUNCTION 0 set STR 1', 'FUNCTION 1 HASH hget HASH MEMBER'],
  xread: ['streams STREAM OLDID', 'count COUNT streams STREAM STREAM OLDID OLDID', 'count COUNT streams STREAM KEY 0 0', 'block 10 streams STREAM $', 'block 10 count 1 streams STREAM st9 OLDID $', 'streams STREAM 0 0', 'streams STREAM >', 'block -1 streams STREAM 0', 'block x streams STREAM 0', 'group g c streams STREAM 0', 'noack streams STREAM 0', 'count 1 STREAM 0'],
  xsetid: ['STREAM 4500|5000|x', 'STREAM 5001 entriesadded INT', 'STREAM 5002 maxdeletedid OLDID', 'STREAM 5000 entriesadded 9223372036854775807 maxdeletedid 7'], 'xinfo stream': ['STREAM', 'STREAM full', 'STREAM full count COUNT', 'KEY', 'STREAM x'],
  'xgroup create': ['STREAM GROUP 0|$', 'STREAM GROUP OLDID mkstream', 'STREAM GROUP 0 mkstream entriesread INT', 'STREAM GROUP 0 x', 'KEY GROUP 0'], 'xgroup setid': ['STREAM GROUP OLDID', 'STREAM GROUP 0|$|-|+', 'STREAM GROUP OLDID entriesread INT', 'STREAM GROUP 0 mkstream'], 'xgroup destroy': ['st2 GROUP', 'KEY GROUP'],
  'xgroup createconsumer': ['STREAM GROUP CONSUMER'], 'xgroup delconsumer': ['STREAM GROUP CONSUMER'], xack: ['STREAM GROUP OLDID*', 'STREAM GROUP 1000-0 1000-1 1000-2', 'KEY GROUP 1'], xpending: ['STREAM GROUP', 'STREAM GROUP - + COUNT', 'STREAM GROUP EDGE EDGE COUNT CONSUMER', 'STREAM GROUP idle 0|100000 - + COUNT CONSUMER?', 'STREAM GROUP idle x', 'STREAM GROUP - +'],
  xreadgroup: ['group GROUP CONSUMER streams STREAM >', 'group GROUP CONSUMER count COUNT streams STREAM >', 'group GROUP CONSUMER noack count 2 streams STREAM >', 'group GROUP CONSUMER streams STREAM OLDID', 'group g1 CONSUMER count COUNT streams STREAM STREAM > >', 'group g1 CONSUMER streams STREAM st2 > 0', 'group GROUP CONSUMER block 10 count 3 streams STREAM >', 'group GROUP CONSUMER streams STREAM $', 'group GROUP CONSUMER streams STREAM', 'streams STREAM > > > >', 'group GROUP CONSUMER block -1 streams STREAM >'],
  xclaim: ['STREAM GROUP CONSUMER 0 OLDID', 'STREAM GROUP CONSUMER 0|100000 1000-0 1000-1 1000-2 justid', 'STREAM GROUP CONSUMER 0 OLDID 1000-0 force retrycount COUNT', 'STREAM GROUP CONSUMER 0 1000-0 1001-0 time 1000', 'STREAM GROUP CONSUMER 0 1000-1 idle 500000 force justid', 'STREAM GROUP CONSUMER 0 1000-1 lastid OLDID', 'STREAM GROUP CONSUMER x 1', 'STREAM GROUP CONSUMER 0 1 retrycount x', 'STREAM GROUP CONSUMER 0 1 other'],
  xautoclaim: ['STREAM GROUP CONSUMER 0|100000 0', 'STREAM GROUP CONSUMER 0 EDGE count COUNT', 'STREAM GROUP CONSUMER 0 - count 1|2|3 justid', 'STREAM GROUP CONSUMER 0 0 count 0', 'STREAM GROUP CONSUMER 0 0 x'], 'xinfo groups': ['STREAM', 'KEY'], 'xinfo consumers': ['STREAM GROUP'],
  // HyperLogLog, geo
  pfadd: ['HLL MEMBER*'], pfcount: ['HLL*', 'KEY'], pfmerge: ['HLL HLL*'],
  geoadd: ['GEO LON LAT MEMBER', 'GEO nx|xx ch LON LAT MEMBER'], geopos: ['GEO MEMBER*'], geohash: ['GEO MEMBER*'], geodist: ['GEO MEMBER MEMBER', 'GEO MEMBER MEMBER UNIT'],
  geosearch: ['GEO fromlonlat LON LAT byradius RADIUS UNIT asc withcoord withdist', 'GEO frommember MEMBER bybox RADIUS RADIUS km desc count 2', 'GEO fromlonlat LON LAT byradius RADIUS km asc withhash'], geosearchstore: ['GEO GEO fromlonlat LON LAT byradius RADIUS km asc storedist?'],
  georadius: ['GEO LON LAT RADIUS km asc withdist', 'GEO LON LAT RADIUS km asc store GEO'], georadius_ro: ['GEO LON LAT RADIUS km desc'], georadiusbymember: ['GEO MEMBER RADIUS km asc'], georadiusbymember_ro: ['GEO MEMBER RADIUS km asc'],
  // Scripts
  eval: ['SCRIPT 1 KEY VALUE', 'SCRIPT 1 KEY INT', 'SCRIPT 1 KEY MEMBER', 'SCRIPT 2 KEY KEY VALUE', 'SCRIPT 0', 'SCRIPT INT KEY'], eval_ro: ['SCRIPT 1 KEY VALUE'],
  // Transactions, connection
  multi: [''], exec: [''], discard: [''], watch: ['KEY*'], unwatch: [''], select: ['DB'], ping: ['', 'VALUE'], echo: ['VALUE'], reset: [''], swapdb: ['DB DB'], flushdb: [''], publish: ['a VALUE'],
  // Blocking ones that find something, or time out at once
  blpop: ['LIST LIST 0.01'], brpop: ['LIST 0.01'], blmove: ['LIST LIST left right 0.01'], brpoplpush: ['LIST LIST 0.01'], blmpop: ['0.01 2 LIST LIST left count 2'], bzpopmin: ['ZSET 0.01'], bzpopmax: ['ZSET ZSET 0.01'], bzmpop: ['0.01 1 ZSET max'],
};

/** As PATTERNS, with many arguments, or answers to match. */
// biome-ignore format: a table reads in columns
const CROWD_PATTERNS: Record<string, readonly string[]> = {
  sadd: ['SET MEMBERS'], srem: ['SET MEMBERS'], smismember: ['SET MEMBERS'], hset: ['HASH FIELDS'], hdel: ['HASH MEMBERS'], hmget: ['HASH MEMBERS'], zadd: ['LEXSET LEXED', 'ZSET SCORED', 'ZSET gt ch SCORED', 'ZSET xx SCORED'], zrem: ['ZSET MEMBERS'], zmscore: ['ZSET MEMBERS'],
  xadd: ['STREAM NEWID FIELDS', 'st9 NEXTID FIELDS'], xack: ['STREAM g1 OLDIDS'], xclaim: ['STREAM g1 CONSUMER 0 OLDIDS force', 'STREAM g1 CONSUMER 0 OLDIDS justid'], rpush: ['LIST VALUES'], lpush: ['LIST VALUES'], ltrim: ['LIST FAR FAR', 'LIST INT 250'], lrange: ['LIST 100 FAR'], lindex: ['LIST FAR'], lpop: ['LIST 200'], rpop: ['LIST 200'], zremrangebyrank: ['ZSET 50 250'], zpopmin: ['ZSET 150'],
  pfadd: ['HLL MEMBERS'], zunionstore: ['ZSET 3 ZSET SET ZSET'], sunionstore: ['SET SET SET SET'], copy: ['KEY KEY replace'], rename: ['KEY KEY'], sort: ['KEY alpha store KEY', 'KEY alpha limit 100 300'],
};

export type Request = readonly string[];

function wordArbitrary(word: string): fc.Arbitrary<readonly string[]> {
  if (word.endsWith('?')) {
    const some = wordArbitrary(word.slice(0, -1));
    return fc.oneof(fc.constant([]), some);
  }
  if (word.endsWith('*') && word.length > 1) {
    const one = wordArbitrary(word.slice(0, -1));
    return fc.array(one, { minLength: 1, maxLength: 4 }).map((all) => all.flat());
  }
  if (word.includes('|')) return pick(...word.split('|')).map((one) => [one]);
  return CROWDS[word] ?? (POOLS[word] ?? fc.constant(word)).map((one) => [one]);
}

function patternArbitrary(command: string, pattern: string): fc.Arbitrary<Request> {
  const words = pattern.split(' ').filter((word) => word !== '');
  const parts = fc.tuple(...words.map(wordArbitrary));
  return parts.map((all) => [...command.split(' '), ...all.flat()]);
}

/** From 7.2 on they take WITHSCORE, or look at their arguments also when the key is missing. */
const CHANGED_IN_7_2 = ['zrank', 'zrevrank', 'bitcount', 'bitpos'];
/** What they answer nobody can foretell, but for all of a collection, and for a cursor that was not made up. */
const RANDOM = [
  'spop',
  'srandmember',
  'hrandfield',
  'zrandmember',
  'scan',
  'sscan',
  'hscan',
  'zscan',
];
/** A `1` makes a key end soon, and on one server sooner than on the other. */
const CLOCKED = ['setex', 'psetex', 'expire', 'pexpire'];
/** C does not say where on earth a negative score is. */
const PLACED = ['geopos', 'geohash', 'geodist', 'georadiusbymember', 'georadiusbymember_ro'];
const NEVER_NONSENSE = new Set([...CHANGED_IN_7_2, ...RANDOM, ...CLOCKED, ...PLACED]);

function patternsArbitrary(table: Record<string, readonly string[]>): fc.Arbitrary<Request> {
  const each = Object.entries(table).map(([command, patterns]) =>
    fc.oneof(...patterns.map((pattern) => patternArbitrary(command, pattern))),
  );
  return fc.oneof(...each);
}

/** A request of a command on streams: so many of them meet what others have left. */
export const streamRequest: fc.Arbitrary<Request> = fc.oneof(
  { weight: 30, arbitrary: patternsArbitrary(onStreams(PATTERNS)) },
  { weight: 2, arbitrary: patternsArbitrary(onStreams(CROWD_PATTERNS)) },
  { weight: 8, arbitrary: patternArbitrary('xadd', 'STREAM NEXTID f v') },
  { weight: 6, arbitrary: patternArbitrary('xreadgroup', 'group g1 CONSUMER streams STREAM >') },
  { weight: 1, arbitrary: patternArbitrary('copy', 'STREAM STREAM replace') },
  { weight: 1, arbitrary: patternArbitrary('rename', 'STREAM STREAM') },
);

function onStreams(table: Record<string, readonly string[]>): Record<string, readonly string[]> {
  return Object.fromEntries(Object.entries(table).filter(([command]) => command.startsWith('x')));
}

/** A request of any command. */
export const anyRequest: fc.Arbitrary<Request> = fc.oneof(
  { weight: 30, arbitrary: patternsArbitrary(PATTERNS) },
  { weight: 4, arbitrary: patternsArbitrary(CROWD_PATTERNS) },
  // Wrong counts of arguments, and arguments of another command.
  {
    weight: 1,
    arbitrary: fc
      .tuple(
        pick(...Object.keys(PATTERNS).filter((command) => !NEVER_NONSENSE.has(command))),
        fc.array(pick('a', '1', 'x', 'zset'), { maxLength: 4 }),
      )
      .map(([command, args]) => [...command.split(' '), ...args]),
  },
);

/** Commands that these requests try. */
export const TRIED: readonly string[] = Object.keys(PATTERNS);
