/** XINFO: what is known of a stream besides its entries. */
import { StreamId, streamIdSetMax } from '../../../base/stream-id.ts';
import { treeTop, treeWeight } from '../../../engine/collection/counted-tree.ts';
import { OTHER_TYPE } from '../../../engine/status.ts';
import { streamRootOf } from '../../../engine/types/stream.ts';
import {
  StreamCursor,
  streamFirstEntry,
  streamLastEntry,
} from '../../../engine/types/stream-cursor.ts';
import {
  streamAddedExact,
  streamFirstId,
  streamGroupCount,
  streamLastId,
  streamMaxDeletedId,
} from '../../../engine/types/stream-root.ts';
import { rootCount } from '../../../memory/node.ts';
import type { Partition } from '../../../memory/partition.ts';
import { argumentIs, argumentText } from '../../../protocol/resp/arguments.ts';
import { RESP_ERROR, subcommandMisused } from '../../../protocol/resp/errors.ts';
import {
  respBigInteger,
  respInteger,
  respMap,
  respNull,
  respText,
} from '../../../protocol/resp/reply.ts';
import { answerError, keyTake, type RespCall } from '../call.ts';
import { containerRow, type SubcommandRow } from '../container.ts';
import { integerArgument } from '../number-arguments.ts';
import { FLAG, type KeySpec, type RespRow } from '../row.ts';
import { GROUP_INFO_SUBCOMMANDS, respGroupsFull } from './stream-group-info.ts';
import { respStreamRange } from './stream-range.ts';
import { respStreamEntry, respStreamId, streamToRead } from './stream-reply.ts';

const { READONLY } = FLAG;
const STREAM_KEY: readonly KeySpec[] = [{ use: 'RO access', from: 2 }];

// biome-ignore format: a table reads in columns
const SUBCOMMANDS: readonly SubcommandRow[] = [
  ...GROUP_INFO_SUBCOMMANDS,
  { name: 'stream', arity: -3, flags: READONLY, keys: STREAM_KEY, since: '5.0.0', complexity: 'O(1)', syntax: '<key> [FULL [COUNT <count>]]', doc: 'Show what is known of the stream.', run: infoStream },
];

export const STREAM_INFO_ROWS: readonly RespRow[] = [
  containerRow(
    {
      name: 'xinfo',
      group: 'stream',
      since: '5.0.0',
      doc: 'A container for commands on what is known of streams.',
      helpSince: '5.0.0',
    },
    SUBCOMMANDS,
  ),
];

/** Entries that FULL shows, unless it is said. */
const FULL_COUNT = 10;

const id = new StreamId();
const LEAST = new StreamId();
const GREATEST = new StreamId();
streamIdSetMax(GREATEST);
const cursor = new StreamCursor();

function infoStream(call: RespCall): void {
  const p = keyTake(call, 2);
  const ref = streamToRead(call, p, 2);
  if (ref === OTHER_TYPE) return;
  if (ref === 0) {
    answerError(call, RESP_ERROR.noKey);
    return;
  }
  const { args } = call;
  if (args.count === 3) {
    summaryAnswer(call, p, streamRootOf(p, ref));
    return;
  }
  const isSound =
    argumentIs(args, 3, 'full') &&
    (args.count === 4 || (args.count === 6 && argumentIs(args, 4, 'count')));
  if (!isSound) {
    answerError(call, subcommandMisused('xinfo', argumentText(args, 1)));
    return;
  }
  const count = args.count === 6 ? integerArgument(call, 5) : FULL_COUNT;
  if (Number.isNaN(count)) return;
  fullAnswer(call, p, streamRootOf(p, ref), count < 0 ? FULL_COUNT : count);
}

/** What both forms begin with. The radix tree is Redis's: its keys are our blocks. */
function rootAnswer({ reply }: RespCall, p: Partition, rootRef: number): void {
  const blocks = treeTop(p, rootRef) === 0 ? 0 : treeWeight(p, rootRef);
  respText(reply, 'length');
  respInteger(reply, rootCount(p, rootRef));
  respText(reply, 'radix-tree-keys');
  respInteger(reply, blocks);
  respText(reply, 'radix-tree-nodes');
  respInteger(reply, blocks + 1);
  respText(reply, 'last-generated-id');
  streamLastId(p, rootRef, id);
  respStreamId(reply, id);
  respText(reply, 'max-deleted-entry-id');
  streamMaxDeletedId(p, rootRef, id);
  respStreamId(reply, id);
  respText(reply, 'entries-added');
  respBigInteger(reply, streamAddedExact(p, rootRef));
  respText(reply, 'recorded-first-entry-id');
  streamFirstId(p, rootRef, id);
  respStreamId(reply, id);
}

function summaryAnswer(call: RespCall, p: Partition, rootRef: number): void {
  const { reply } = call;
  respMap(reply, 10);
  rootAnswer(call, p, rootRef);
  respText(reply, 'groups');
  respInteger(reply, streamGroupCount(p, rootRef));
  respText(reply, 'first-entry');
  entryAnswer(call, p, streamFirstEntry(p, rootRef, cursor));
  respText(reply, 'last-entry');
  entryAnswer(call, p, streamLastEntry(p, rootRef, cursor));
}

function entryAnswer({ reply }: RespCall, p: Partition, isThere: boolean): void {
  if (isThere) respStreamEntry(reply, p, cursor);
  else respNull(reply);
}

function fullAnswer(call: RespCall, p: Partition, rootRef: number, count: number): void {
  const { reply } = call;
  const max = count === 0 ? Number.POSITIVE_INFINITY : count;
  respMap(reply, 9);
  rootAnswer(call, p, rootRef);
  respText(reply, 'entries');
  respStreamRange(reply, p, rootRef, LEAST, GREATEST, max, false);
  respText(reply, 'groups');
  respGroupsFull(reply, p, rootRef, max);
}
