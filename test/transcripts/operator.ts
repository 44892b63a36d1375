/** What an operator sends: memory, slab classes, the search for dead items, lists of keys, watching. */
import {
  BAD_LINE,
  DELETED,
  END,
  ERROR,
  OK,
  SILENCE,
  STORED,
  set,
  stats,
  value,
} from './replies.ts';
import { type TranscriptOptions, transcript } from './transcript.ts';

const MIB = 2 ** 20;
const VERSION = /VERSION \d+\.\d+\.\d+[^\r\n]*\r\n/;
const BAD_CLASS = 'BADCLASS invalid class id\r\n';
const NO_SEGMENTS = 'CLIENT_ERROR lru: there are no LRU segments here\r\n';
const NOT_BYTES = 'MEMLIMIT_ADJUST_FAILED input value is megabytes not bytes\r\n';
const OUT_OF_BOUNDS = 'MEMLIMIT_ADJUST_FAILED out of bounds or unable to adjust\r\n';
const PAGES_BY_WORTH =
  'CLIENT_ERROR slabs automove: pages move by what a byte of each class is worth\r\n';

/** Where a reply before it, in one batch, is refused. */
const NOT_BATCHED = { modes: ['whole', 'bytes', 'split'] } as const;
const OURS: TranscriptOptions = {
  skipOn: { memcached: 'what memcached tunes is not there, and to say OK would be to pretend' },
};

/** What a dump is asked for. */
function metaLines(...keys: readonly string[]): RegExp {
  const line = (key: string): string =>
    `key=${key} exp=(?:-1|\\d+) la=\\d+ cas=\\d+ fetch=(?:yes|no) cls=\\d+ size=\\d+ flags=\\d+ \\n`;
  return new RegExp(`OK\\r\\n(?:${keys.map(line).join('|')}){${keys.length}}END\\r\\n`);
}

/** One line of a watcher, without its time. */
function watched(fields: string): string {
  return `ts=\\d+\\.\\d+ gid=\\d+ ${fields}\\n`;
}

const memory = [
  transcript('cache_memlimit', [
    ['cache_memlimit\r\n', ERROR],
    ['cache_memlimit x\r\n', ERROR],
    ['cache_memlimit -1\r\n', ERROR],
    ['cache_memlimit noreply\r\n', SILENCE],
    ['cache_memlimit 7\r\n', 'MEMLIMIT_TOO_SMALL cannot set maxbytes to less than 8m\r\n'],
    ['cache_memlimit 1000000001\r\n', NOT_BYTES],
    [set('a', '1'), STORED],
    ['cache_memlimit 128\r\n', OK],
    ['stats\r\n', stats(`limit_maxbytes ${128 * MIB}`)],
    ['stats settings\r\n', stats(`maxbytes ${128 * MIB}`)],
    ['cache_memlimit 32 noreply\r\n', SILENCE],
    ['stats\r\n', stats(`limit_maxbytes ${32 * MIB}`)],
    ['get a\r\n', value('a', '1')],
    ['cache_memlimit 64 more words\r\n', OK, { since: '1.6.45' }],
  ]),
  transcript(
    'cache_memlimit beyond what was reserved',
    [
      ['cache_memlimit 257\r\n', OUT_OF_BOUNDS],
      ['stats\r\n', stats(`limit_maxbytes ${64 * MIB}`)],
    ],
    { skipOn: { memcached: 'it reserves nothing, and can always have more' } },
  ),
  transcript(
    'lru is refused where it is well formed',
    [
      ['lru mode flat\r\n', NO_SEGMENTS],
      ['lru mode segmented\r\n', NO_SEGMENTS],
      ['lru tune 20 40 0.2 2.0\r\n', NO_SEGMENTS],
      ['lru temp_ttl 60\r\n', NO_SEGMENTS],
      ['lru temp_ttl 60 noreply\r\n', SILENCE],
    ],
    OURS,
  ),
  transcript('lru with a word missing, or another', [
    ['lru tune\r\n', ERROR],
    ['lru tune 20 40 0.2\r\n', ERROR],
    ['lru mode\r\n', ERROR],
    ['lru temp_ttl\r\n', ERROR],
    ['lru other\r\n', ERROR],
  ]),
  transcript('slabs', [
    ['slabs\r\n', ERROR],
    ['slabs other\r\n', ERROR],
    ['slabs automove\r\n', ERROR],
    ['slabs automove x\r\n', BAD_LINE],
    ['slabs automove 3\r\n', ERROR],
    ['slabs automove 0\r\n', OK],
    ['stats settings\r\n', stats('slab_automove 0')],
    ['slabs automove 1\r\n', OK],
  ]),
  transcript(
    'slabs automove tuned',
    [
      ['slabs automove window 10\r\n', PAGES_BY_WORTH],
      ['slabs automove ratio 0.5\r\n', PAGES_BY_WORTH],
    ],
    OURS,
  ),
  transcript('slabs reassign', [
    ['slabs reassign\r\n', ERROR],
    ['slabs reassign 5\r\n', ERROR],
    ['slabs reassign 5 6 7\r\n', ERROR],
    ['slabs reassign 5 6 noreply\r\n', SILENCE, { since: '1.6.45' }],
    ['slabs reassign x y\r\n', BAD_LINE],
    ['slabs reassign 1 1\r\n', 'SAME src and dst class are identical\r\n'],
    ['slabs reassign 1 999\r\n', 'BADCLASS invalid src or dst class id\r\n'],
    ['slabs reassign -2 1\r\n', 'BADCLASS invalid src or dst class id\r\n'],
    ['slabs reassign 20 5\r\n', 'NOSPARE source class has no spare pages\r\n'],
  ]),
];

const crawler = [
  transcript('lru_crawler', [
    ['lru_crawler\r\n', ERROR],
    ['lru_crawler other\r\n', ERROR],
    ['lru_crawler other 1\r\n', ERROR],
    ['lru_crawler crawl\r\n', ERROR],
    ['lru_crawler metadump\r\n', ERROR],
    ['lru_crawler sleep 50\r\n', OK],
    ['lru_crawler tocrawl 1000\r\n', OK],
    ['stats settings\r\n', stats('lru_crawler_sleep 50', 'lru_crawler_tocrawl 1000')],
    ['lru_crawler sleep 100\r\n', OK],
    ['lru_crawler tocrawl 0\r\n', OK],
    ['lru_crawler sleep x\r\n', BAD_LINE],
    ['lru_crawler sleep 1000001\r\n', 'CLIENT_ERROR sleep must be one second or less\r\n'],
    ['lru_crawler tocrawl x\r\n', BAD_LINE],
    ['lru_crawler crawl x\r\n', BAD_CLASS],
    ['lru_crawler crawl 0\r\n', BAD_CLASS],
    ['lru_crawler crawl 1,x\r\n', BAD_CLASS],
    ['lru_crawler crawl 99\r\n', BAD_CLASS],
    ['lru_crawler crawl ,\r\n', 'NOTSTARTED no items to crawl\r\n'],
    ['lru_crawler crawl hash\r\n', 'ERROR an unknown error happened\r\n'],
  ]),
  transcript(
    'lru_crawler crawls some classes',
    [
      ['lru_crawler crawl 1,2\r\n', /OK\r\n|BUSY currently processing crawler request\r\n/],
      ['stats\r\n', stats('lru_crawler_running [01]', 'lru_crawler_starts \\d+')],
    ],
    NOT_BATCHED,
  ),
  transcript(
    'lru_crawler metadump lists keys',
    [
      ['lru_crawler metadump all\r\n', `OK\r\n${END}`],
      [set('a#b', 'abc', 5, 100), STORED],
      [set('plain-._~', 'abc'), STORED],
      ['get plain-._~\r\n', value('plain-._~', 'abc')],
      ['lru_crawler metadump all\r\n', metaLines('a%23b', 'plain-\\._~')],
      ['lru_crawler metadump hash\r\n', metaLines('a%23b', 'plain-\\._~')],
      ['lru_crawler metadump 1\r\n', metaLines('a%23b', 'plain-\\._~')],
      ['lru_crawler metadump 5,6\r\n', `OK\r\n${END}`],
      ['lru_crawler metadump x\r\n', BAD_CLASS],
      ['lru_crawler metadump 0\r\n', BAD_CLASS],
      ['delete a#b\r\n', DELETED],
      ['lru_crawler metadump all\r\n', metaLines('plain-\\._~')],
      ['lru_crawler mgdump all\r\n', 'OK\r\nmg plain-._~\r\nEN\r\n'],
      ['delete plain-._~\r\n', DELETED],
      ['ms AP8= 1 b\r\nx\r\n', 'HD\r\n'],
      ['lru_crawler mgdump all\r\n', 'OK\r\nmg AP8= b\r\nEN\r\n'],
      ['lru_crawler metadump all\r\n', metaLines('%00%FF')],
      ['mg AP8= b k\r\n', 'HD kAP8= b\r\n'],
      ['md AP8= b\r\n', 'HD\r\n'],
      [set('plain-._~', 'abc'), STORED],
      ['get plain-._~\r\n', value('plain-._~', 'abc')],
      [
        'lru_crawler metadump all\r\n',
        /OK\r\nkey=plain-._~ exp=-1 la=\d+ cas=\d+ fetch=yes cls=1 size=\d+ flags=0 \nEND\r\n/,
      ],
    ],
    { ...NOT_BATCHED, since: '1.6.45' },
  ),
  transcript(
    'a dump behind another reply is refused',
    [
      [
        'version\r\nlru_crawler metadump all\r\n',
        new RegExp(`${VERSION.source}ERROR cannot pipeline other commands before metadump\\r\\n`),
      ],
      [
        'version\r\nlru_crawler mgdump all\r\n',
        new RegExp(`${VERSION.source}ERROR cannot pipeline other commands before mgdump\\r\\n`),
      ],
      [
        'version\r\nwatch\r\n',
        new RegExp(`${VERSION.source}ERROR cannot pipeline other commands before watch\\r\\n`),
      ],
    ],
    { modes: ['whole'], since: '1.6.45' },
  ),
  transcript(
    'what is sent behind a dump is answered behind it',
    [
      [set('a', '1'), STORED],
      ['lru_crawler mgdump all\r\nget a\r\n', `OK\r\nmg a\r\nEN\r\n${value('a', '1')}`],
    ],
    { ...NOT_BATCHED, skipOn: { memcached: 'it forgets what came in the same read' } },
  ),
  transcript(
    'lru_crawler disabled does nothing, and lists nothing',
    [
      ['lru_crawler disable\r\n', OK, { on: 'operator' }],
      [
        'stats settings\r\n',
        /(?:STAT [^\r\n]*\r\n)*STAT lru_crawler no\r\n(?:STAT [^\r\n]*\r\n)*END\r\n/,
      ],
      ['lru_crawler crawl all\r\n', 'CLIENT_ERROR lru crawler disabled\r\n'],
      ['lru_crawler metadump all\r\n', 'CLIENT_ERROR lru crawler disabled\r\n'],
      ['lru_crawler mgdump all\r\n', 'CLIENT_ERROR lru crawler disabled\r\n'],
      ['lru_crawler disable\r\n', OK],
      ['lru_crawler enable\r\n', OK],
      ['lru_crawler enable\r\n', 'ERROR failed to start lru crawler thread\r\n'],
    ],
    {
      modes: ['whole'],
      skipOn: { memcached: 'its thread stops some time after the answer' },
    },
  ),
];

const found = 'type=item_get key=w%231 status=found clsid=\\d+ cfd=\\d+ size=3';
const missed = 'type=item_get key=w%231 status=not_found clsid=0 cfd=\\d+ size=0';

const watching = [
  transcript(
    'watch of a stream that does not exist',
    [
      ['watch other\r\n', ERROR],
      ['watch fetchers other\r\n', ERROR],
      ['watch noreply\r\n', ERROR, { since: '1.6.45' }],
      ['version\r\n', VERSION],
    ],
    NOT_BATCHED,
  ),
  transcript(
    'watch tells what others do, and answers nothing more',
    [
      ['watch fetchers mutations deletions\r\nversion\r\n', OK, { partial: true }],
      [set('w#1', 'abc', 0, 100), STORED, { on: 'other' }],
      ['get w#1\r\n', value('w#1', 'abc'), { on: 'other' }],
      ['add w#1 0 0 1\r\nx\r\n', 'NOT_STORED\r\n', { on: 'other' }],
      ['append w#1 0 0 2\r\nde\r\n', STORED, { on: 'other' }],
      ['delete w#1\r\n', DELETED, { on: 'other' }],
      ['ms dyM= 1 b\r\nx\r\n', 'HD\r\n', { on: 'other' }],
      ['md w#\r\n', 'HD\r\n', { on: 'other' }],
      [
        'version\r\n',
        new RegExp(
          watched(missed) +
            watched(
              'type=item_store key=w%231 status=stored cmd=set ttl=(?:100|99) clsid=\\d+ cfd=\\d+ size=3',
            ) +
            watched(found) +
            watched(found) +
            watched(
              'type=item_store key=w%231 status=not_stored cmd=add ttl=0 clsid=\\d+ cfd=\\d+ size=1',
            ) +
            watched(found) +
            watched(
              'type=item_store key=w%231 status=stored cmd=append ttl=\\d+ clsid=\\d+ cfd=\\d+ size=5',
            ) +
            watched(found.replace('size=3', 'size=5')) +
            watched('type=deleted key=w%231 cmd=delete clsid=\\d+ size=5') +
            watched('type=item_get key=w%23 status=not_found clsid=0 cfd=\\d+ size=0') +
            watched(
              'type=item_store key=w%23 status=stored cmd=set ttl=0 clsid=\\d+ cfd=\\d+ size=1',
            ) +
            watched('type=item_get key=w%23 status=found clsid=\\d+ cfd=\\d+ size=1') +
            watched('type=deleted key=w%23 cmd=md clsid=\\d+ size=1'),
        ),
        { partial: true },
      ],
    ],
    { modes: ['whole'], since: '1.6.45' },
  ),
  transcript(
    'watch alone is watch fetchers',
    [
      ['watch\r\n', OK, { partial: true }],
      [set('alone', '1'), STORED, { on: 'other' }],
      [
        '',
        new RegExp(watched('type=item_get key=alone status=not_found clsid=0 cfd=\\d+ size=0')),
        { partial: true },
      ],
      ['get alone\r\n', value('alone', '1'), { on: 'other' }],
      [
        '',
        new RegExp(watched('type=item_get key=alone status=found clsid=\\d+ cfd=\\d+ size=1')),
        { partial: true },
      ],
    ],
    { modes: ['whole'] },
  ),
];

export const operator = [...memory, ...crawler, ...watching];
