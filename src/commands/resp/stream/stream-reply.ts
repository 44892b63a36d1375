/** What commands of streams have in common: finding the stream, and answering entries of it. */
import { STREAM_ID_TEXT_BYTES_MAX, type StreamId, streamIdWrite } from '../../../base/stream-id.ts';
import { OTHER_TYPE } from '../../../engine/status.ts';
import { streamFind, streamRead } from '../../../engine/types/stream.ts';
import { cursorIsLong, fieldPass, type StreamCursor } from '../../../engine/types/stream-cursor.ts';
import { FieldText, fieldTake } from '../../../engine/types/stream-fields.ts';
import { LongReader, longBytes, longLength, longOpen } from '../../../engine/types/stream-long.ts';
import type { Partition } from '../../../memory/partition.ts';
import { REPLY_BYTES_MAX, type Reply, replyRoom } from '../../../protocol/reply.ts';
import { RESP_ERROR } from '../../../protocol/resp/errors.ts';
import { respArray, respBulk, respBulkEnd, respBulkStart } from '../../../protocol/resp/reply.ts';
import { answerError, type RespCall } from '../call.ts';
import { keyMissed } from '../key-events.ts';

/** Of a long string, so much is answered in one piece. */
const PIECE_BYTES = REPLY_BYTES_MAX >> 1;

/** The stream under op's key, to be changed: its ref, 0 for none; or OTHER_TYPE, which was answered. */
export function streamToChange(call: RespCall, p: Partition): number {
  const ref = streamFind(p, call.op);
  if (ref === OTHER_TYPE) answerError(call, RESP_ERROR.wrongType);
  return ref;
}

/**
 * The stream under op's key, argument `index`, to be read: its ref, 0 for none; or OTHER_TYPE, which was
 * answered.
 */
export function streamToRead(call: RespCall, p: Partition, index: number): number {
  const ref = streamRead(p, call.op);
  if (ref === 0) keyMissed(call, index);
  if (ref === OTHER_TYPE) answerError(call, RESP_ERROR.wrongType);
  return ref;
}

const text = Buffer.allocUnsafeSlow(STREAM_ID_TEXT_BYTES_MAX);

/** `ms-seq` as a bulk string. */
export function respStreamId(reply: Reply, id: Readonly<StreamId>): void {
  respBulk(reply, text, 0, streamIdWrite(text, 0, id));
}

/** The entry under the cursor: its id, and an array of its names and values. */
export function respStreamEntry(reply: Reply, p: Partition, cursor: StreamCursor): void {
  respArray(reply, 2);
  respStreamId(reply, cursor.id);
  respArray(reply, 2 * cursor.fieldCount);
  if (cursorIsLong(p, cursor)) {
    longFieldsAnswer(reply, p, cursor);
    return;
  }
  for (let left = cursor.fieldCount; left > 0; left--) {
    respField(reply, p, cursor.nameAt);
    respField(reply, p, cursor.valueAt);
    fieldPass(p, cursor);
  }
}

const field = new FieldText();

function respField(reply: Reply, { u8 }: Partition, at: number): void {
  fieldTake(u8, at, field);
  respBulk(reply, field.source, field.start, field.bytes);
}

const reader = new LongReader();

function longFieldsAnswer(reply: Reply, p: Partition, cursor: StreamCursor): void {
  longOpen(p, cursor.entry, reader);
  for (let strings = 2 * cursor.fieldCount; strings > 0; strings--) {
    const bytes = longLength(p, reader);
    respBulkStart(reply, bytes);
    for (let left = bytes; left > 0; ) {
      const piece = Math.min(left, PIECE_BYTES);
      replyRoom(reply, piece);
      longBytes(p, reader, reply.bytes, reply.used, piece);
      reply.used += piece;
      left -= piece;
    }
    respBulkEnd(reply);
  }
}
