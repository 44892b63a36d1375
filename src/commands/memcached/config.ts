/**
 * config get, config set, config delete: the texts of the config store, of which `cluster` is the list
 * of nodes that auto-discovery is about.
 * Spec: Amazon ElastiCache for Memcached user guide, "Adding auto discovery to your client library".
 */
import { decimalParse } from '../../base/decimal.ts';
import {
  CONFIG_SET,
  CONFIG_VALUE_BYTES_MAX,
  configDelete,
  configGet,
  configSet,
} from '../../memory/config-store.ts';
import { lineWord, SPACE } from '../../protocol/memcached/line.ts';
import { CONFIG, CRLF, REPLY } from '../../protocol/memcached/replies.ts';
import { replyByte, replyBytes, replyDecimal, replyLong, replyRoom } from '../../protocol/reply.ts';
import { answer, type Call, KEY_BYTES_MAX } from './call.ts';
import type { TextRow } from './row.ts';
import { sessionSwallow } from './session.ts';
import { gatherStart } from './value-gather.ts';

const CLIENT_FLAGS_MAX = 0xffffffff;
const VALUE_BYTES_MAX = 2 ** 31 - 3;
/** Words: config, set, and then. */
const WORD = { KEY: 2, FLAGS: 3, BYTES: 4 } as const;

// biome-ignore format: a table reads in columns
export const CONFIG_ROWS: readonly TextRow[] = [
  { name: 'config', wordsMin: 1, run: config, streams: false, doc: 'config get|set|delete: the nodes of the cluster, and other small texts.' },
];

function config(call: Call): number {
  const { line, input } = call;
  switch (lineWord(line, input, 1)) {
    case 'get':
      return get(call);
    case 'set':
      return set(call);
    case 'delete':
      return remove(call);
    default:
      answer(call, REPLY.error);
      return line.next;
  }
}

/** config get KEY. What looks like noreply is a key. */
function get(call: Call): number {
  const { line, reply } = call;
  const key = keyWord(call);
  if (key === null || line.count !== WORD.KEY + 1) {
    replyBytes(reply, REPLY.badFormat);
    return line.next;
  }
  const entry = configGet(call.keyspace.configs, key);
  if (entry !== null) {
    replyBytes(reply, CONFIG);
    replyBytes(reply, key);
    replyByte(reply, SPACE);
    replyDecimal(reply, entry.clientFlags);
    replyByte(reply, SPACE);
    replyDecimal(reply, entry.value.length);
    replyBytes(reply, CRLF);
    replyLong(reply, entry.value);
    replyRoom(reply, CRLF.length + REPLY.end.length);
    replyBytes(reply, CRLF);
  }
  replyBytes(reply, REPLY.end);
  return line.next;
}

/** config set KEY FLAGS BYTES [noreply], and the value, which is kept as it is. */
function set(call: Call): number {
  const { line, input } = call;
  const words = line.noreply ? line.count - 1 : line.count;
  const valueBytes = decimalParse(input, line.start[WORD.BYTES], line.end[WORD.BYTES]);
  if (words !== WORD.BYTES + 1 || !(valueBytes <= VALUE_BYTES_MAX)) {
    // Without a length there is no telling where the data ends: as with a set, the client hears of it.
    replyBytes(call.reply, REPLY.badFormat);
    return line.next;
  }
  const clientFlags = decimalParse(input, line.start[WORD.FLAGS], line.end[WORD.FLAGS]);
  const key = keyWord(call);
  if (key === null || !(clientFlags <= CLIENT_FLAGS_MAX)) {
    return refuse(call, valueBytes, REPLY.badFormat);
  }
  if (valueBytes > CONFIG_VALUE_BYTES_MAX) return refuse(call, valueBytes, REPLY.tooLarge);
  gatherStart(call, valueBytes, 2, (later, value) => store(later, key, clientFlags, value));
  return line.next;
}

function store(call: Call, key: Buffer, clientFlags: number, value: Buffer | null): void {
  if (value === null) {
    answer(call, REPLY.badChunk);
    return;
  }
  const outcome = configSet(call.keyspace.configs, key, clientFlags, value);
  answer(call, outcome === CONFIG_SET.STORED ? REPLY.stored : REPLY.noMemory);
}

/** config delete KEY [noreply] */
function remove(call: Call): number {
  const { line } = call;
  const key = keyWord(call);
  const words = line.noreply ? line.count - 1 : line.count;
  if (key === null || words !== WORD.KEY + 1) {
    answer(call, REPLY.badFormat);
    return line.next;
  }
  answer(call, configDelete(call.keyspace.configs, key) ? REPLY.deleted : REPLY.notFound);
  return line.next;
}

/** A copy of the key; null when it is missing or too long. */
function keyWord({ line, input }: Call): Buffer | null {
  if (line.count <= WORD.KEY) return null;
  const start = line.start[WORD.KEY];
  const end = line.end[WORD.KEY];
  return end - start > KEY_BYTES_MAX ? null : Buffer.from(input.subarray(start, end));
}

/** Answers an error and discards the value. */
function refuse(call: Call, valueBytes: number, error: Uint8Array): number {
  answer(call, error);
  sessionSwallow(call.session, valueBytes + 2);
  return call.line.next;
}
