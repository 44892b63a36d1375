/**
 * Telling a stream to a sink (base/stream-sink.ts).
 *
 * Guard: the partition lock. The sink may take memory, in this partition too, if the item is guarded.
 */
import { StreamId } from '../../base/stream-id.ts';
import type { StreamSink } from '../../base/stream-sink.ts';
import { rootCount } from '../../memory/node.ts';
import type { Partition } from '../../memory/partition.ts';
import {
  cursorIsLong,
  fieldPass,
  StreamCursor,
  streamFirstEntry,
  streamNext,
} from './stream-cursor.ts';
import { FieldText, fieldTake } from './stream-fields.ts';
import { groupsTell } from './stream-group-tell.ts';
import { LongReader, longBytes, longLength, longOpen } from './stream-long.ts';
import {
  streamAddedExact,
  streamFirstId,
  streamGroupCount,
  streamLastId,
  streamMaxDeletedId,
} from './stream-root.ts';

const cursor = new StreamCursor();
const reader = new LongReader();
const text = new FieldText();

/** Tells all of a stream. False: the sink had enough. */
export function streamTell(p: Partition, rootRef: number, sink: StreamSink): boolean {
  for (let more = streamFirstEntry(p, rootRef, cursor); more; more = streamNext(p, cursor)) {
    if (!sink.streamEntry(cursor.id, cursor.fieldCount)) return false;
    const isTold = cursorIsLong(p, cursor) ? longTell(p, sink) : fieldsTell(p, sink);
    if (!isTold) return false;
  }
  const lastId = new StreamId();
  const firstId = new StreamId();
  const maxDeletedId = new StreamId();
  streamLastId(p, rootRef, lastId);
  streamFirstId(p, rootRef, firstId);
  streamMaxDeletedId(p, rootRef, maxDeletedId);
  const state = {
    lastId,
    firstId,
    maxDeletedId,
    count: rootCount(p, rootRef),
    added: streamAddedExact(p, rootRef),
    groupCount: streamGroupCount(p, rootRef),
  };
  return sink.streamState(state) && groupsTell(p, rootRef, sink);
}

function fieldsTell(p: Partition, sink: StreamSink): boolean {
  const { u8 } = p;
  for (let left = cursor.fieldCount; left > 0; left--) {
    fieldTake(u8, cursor.nameAt, text);
    if (!sink.streamString(text.source, text.start, text.bytes)) return false;
    fieldTake(u8, cursor.valueAt, text);
    if (!sink.streamString(text.source, text.start, text.bytes)) return false;
    fieldPass(p, cursor);
  }
  return true;
}

function longTell(p: Partition, sink: StreamSink): boolean {
  longOpen(p, cursor.entry, reader);
  for (let left = 2 * cursor.fieldCount; left > 0; left--) {
    const bytes = longLength(p, reader);
    const string = Buffer.allocUnsafe(bytes);
    longBytes(p, reader, string, 0, bytes);
    if (!sink.streamString(string, 0, bytes)) return false;
  }
  return true;
}
