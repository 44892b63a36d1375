/** config get, config set, config delete. memcached has them only as ElastiCache's engine. */
import {
  BAD_CHUNK,
  BAD_LINE,
  DELETED,
  END,
  ERROR,
  KEY_250,
  KEY_251,
  NOT_FOUND,
  SILENCE,
  STORED,
  set,
  TOO_LARGE,
  value,
} from './replies.ts';
import { type Row, type Transcript, transcript } from './transcript.ts';

const NO_MEMORY = 'SERVER_ERROR out of memory storing object\r\n';
const VALUE_BYTES_MAX = 65536;
/** As many keys as there may be entries. */
const ROOM = Array.from({ length: 16 }, (_, at) => `room${at}`);
const NODES = '1\nname1|127.0.0.1|21211 name2|127.0.0.1|21212\n';

function ours(name: string, rows: readonly Row[]): Transcript {
  return transcript(name, rows, { skipOn: { memcached: 'memcached has no command config' } });
}

function configSet(key: string, data: string, flags = 0): string {
  return `config set ${key} ${flags} ${data.length}\r\n${data}\r\n`;
}

/** The reply to `config get`. */
function config(key: string, data: string, flags = 0): string {
  return `CONFIG ${key} ${flags} ${data.length}\r\n${data}\r\nEND\r\n`;
}

export const configs: readonly Transcript[] = [
  ours('config: a list of nodes is kept as it is', [
    ['config get nodes\r\n', END],
    [configSet('nodes', NODES), STORED],
    [
      'config get nodes\r\n',
      'CONFIG nodes 0 46\r\n1\nname1|127.0.0.1|21211 name2|127.0.0.1|21212\n\r\nEND\r\n',
    ],
    ['config delete nodes\r\n', DELETED],
    ['config delete nodes\r\n', NOT_FOUND],
    ['config get nodes\r\n', END],
  ]),
  ours('config: clients end their lines in several ways', [
    [configSet('nodes', NODES), STORED],
    ['config get nodes \r\n', config('nodes', NODES)],
    ['config get nodes\n', config('nodes', NODES)],
    ['config get nodes \n', config('nodes', NODES)],
    ['config  get  nodes\r\n', config('nodes', NODES)],
    ['config delete nodes\n', DELETED],
  ]),
  ours('config: whatever bytes there are', [
    [configSet('a', '1\r\nh||11211', 7), STORED],
    ['config get a\r\n', config('a', '1\r\nh||11211', 7)],
    [configSet('a', '', 0xffffffff), STORED],
    ['config get a\r\n', config('a', '', 0xffffffff)],
    [configSet('a', 'END\r\n\0\xff\r\n'), STORED],
    ['config get a\r\n', config('a', 'END\r\n\0\xff\r\n')],
    ['config delete a\r\n', DELETED],
  ]),
  ours('config: beside the keys, which flush_all forgets', [
    [configSet('a', 'config'), STORED],
    ['get a\r\n', END],
    [set('a', 'item'), STORED],
    ['config get a\r\n', config('a', 'config')],
    ['get a\r\n', value('a', 'item')],
    ['flush_all\r\n', 'OK\r\n'],
    ['config get a\r\n', config('a', 'config')],
    ['config delete a\r\n', DELETED],
  ]),
  ours('config: noreply', [
    ['config set a 0 1 noreply\r\nx\r\n', SILENCE],
    ['config get a\r\n', config('a', 'x')],
    ['config set a 0 1 noreply\r\nyyyconfig get b\r\n', END],
    ['config get a\r\n', config('a', 'x')],
    ['config delete a noreply\r\n', SILENCE],
    ['config delete a noreply\r\n', SILENCE],
    ['config get a\r\n', END],
    ['config get noreply\r\n', END],
  ]),
  ours('config: keys up to 250 bytes', [
    [configSet(KEY_250, 'x'), STORED],
    [`config get ${KEY_250}\r\n`, config(KEY_250, 'x')],
    [`config delete ${KEY_250}\r\n`, DELETED],
    [configSet(KEY_251, 'get a'), BAD_LINE],
    [`config get ${KEY_251}\r\n`, BAD_LINE],
    [`config delete ${KEY_251}\r\n`, BAD_LINE],
  ]),
  ours('config: values up to 65536 bytes', [
    [configSet('a', 'x'.repeat(VALUE_BYTES_MAX)), STORED],
    ['config get a\r\n', config('a', 'x'.repeat(VALUE_BYTES_MAX))],
    [configSet('a', 'y'.repeat(VALUE_BYTES_MAX + 1)), TOO_LARGE],
    ['config get a\r\n', config('a', 'x'.repeat(VALUE_BYTES_MAX))],
    ['config delete a\r\n', DELETED],
  ]),
  ours('config: malformed', [
    ['config\r\n', ERROR],
    ['config list\r\n', ERROR],
    ['config GET a\r\n', ERROR],
    ['config get\r\n', BAD_LINE],
    ['config get a b\r\n', BAD_LINE],
    ['config set a\r\n', BAD_LINE],
    ['config set a 0\r\n', BAD_LINE],
    ['config set a 0 x\r\n', BAD_LINE],
    ['config set a 0 -1\r\n', BAD_LINE],
    ['config set a 0 0 1\r\n', BAD_LINE],
    ['config set a 0 2147483646\r\n', BAD_LINE],
    ['config set a x 5\r\nget a\r\n', BAD_LINE],
    ['config set a 4294967296 5\r\nget a\r\n', BAD_LINE],
    ['config set a 0 1\r\nxyzconfig get a\r\n', BAD_CHUNK + END],
    ['config delete\r\n', BAD_LINE],
    ['config delete a b\r\n', BAD_LINE],
    ['config get a\r\n', END],
  ]),
  ours('config: no more entries than there is room for', [
    ...ROOM.map((key): Row => [`config set ${key} 0 1 noreply\r\nx\r\n`, SILENCE]),
    [configSet('more', 'x'), NO_MEMORY],
    ['config get more\r\n', END],
    [configSet('room0', 'again'), STORED],
    ['config get room0\r\n', config('room0', 'again')],
    ...ROOM.map((key): Row => [`config delete ${key} noreply\r\n`, SILENCE]),
    [configSet('more', 'x'), STORED],
    ['config delete more\r\n', DELETED],
  ]),
];
