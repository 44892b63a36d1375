/**
 * Traces from files:
 *
 *   *.oracleGeneral.bin   records of 24 bytes: u32 time, u64 object, u32 size, i64 next access;
 *                         see 1a1a11a/libCacheSim
 *   bare arrays           of integer keys, with --array be32, be64, le32 or le64
 *   text                  columns apart by commas, tabs or blanks; a header is skipped
 *
 * Each may be compressed: .gz, or .xz where the program `xz` is installed.
 */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { sizesMake } from './sizes.ts';
import { type Trace, type TraceBuilder, traceBuilderMake } from './trace.ts';

export interface TraceFormat {
  /** be32, be64, le32 or le64; empty: by the file's name. */
  readonly array: string;
  /** Columns of text, from 1; 0: there is none. */
  readonly keyColumn: number;
  readonly sizeColumn: number;
  readonly ttlColumn: number;
  /** Sizes for traces that have none; see sizes.ts. */
  readonly sizes: string;
  readonly sizeBytesMax: number;
  /** Requests to read at most; 0: all. */
  readonly requestCount: number;
}

const RECORD = { object: 4, size: 12, bytes: 24 } as const;
const XZ_BYTES_MAX = 2 ** 31 - 1;
const INTEGERS: Readonly<Record<string, (bytes: Buffer, offset: number) => bigint | number>> = {
  be32: (bytes, offset) => bytes.readUInt32BE(offset),
  le32: (bytes, offset) => bytes.readUInt32LE(offset),
  be64: (bytes, offset) => bytes.readBigUInt64BE(offset),
  le64: (bytes, offset) => bytes.readBigUInt64LE(offset),
};

export function traceRead(path: string, format: TraceFormat): Trace {
  const bytes = fileUnpack(path);
  const builder = traceBuilderMake(format.sizeBytesMax);
  const name = basename(path).replace(/\.(?:gz|xz)$/, '');
  if (format.array !== '') arrayRead(bytes, format, builder);
  else if (name.endsWith('.oracleGeneral.bin')) recordsRead(bytes, format, builder);
  else textRead(bytes, format, builder);
  if (builder.requestCount === 0) throw new Error(`${path}: no request in it`);
  return builder.build(name, 0);
}

function recordsRead(bytes: Buffer, format: TraceFormat, builder: TraceBuilder): void {
  const limit = format.requestCount || Number.POSITIVE_INFINITY;
  for (let at = 0; at + RECORD.bytes <= bytes.length && builder.requestCount < limit; ) {
    const key = bytes.readBigUInt64LE(at + RECORD.object).toString();
    builder.add(key, bytes.readUInt32LE(at + RECORD.size), 0);
    at += RECORD.bytes;
  }
}

function arrayRead(bytes: Buffer, format: TraceFormat, builder: TraceBuilder): void {
  const integerRead = INTEGERS[format.array];
  if (integerRead === undefined)
    throw new Error(`--array ${format.array}: be32, be64, le32 or le64`);
  const sizeOf = sizesMake(format.sizes);
  const width = format.array.endsWith('32') ? 4 : 8;
  const limit = format.requestCount || Number.POSITIVE_INFINITY;
  for (let at = 0; at + width <= bytes.length && builder.requestCount < limit; at += width) {
    const key = integerRead(bytes, at);
    builder.add(key.toString(), sizeOf(Number(BigInt.asUintN(32, BigInt(key)))), 0);
  }
}

function textRead(bytes: Buffer, format: TraceFormat, builder: TraceBuilder): void {
  const sizeOf = sizesMake(format.sizes);
  const limit = format.requestCount || Number.POSITIVE_INFINITY;
  for (let at = 0; at < bytes.length && builder.requestCount < limit; ) {
    const lineEnd = bytes.indexOf(0x0a, at);
    const end = lineEnd < 0 ? bytes.length : lineEnd;
    const cells = bytes
      .toString('latin1', at, end)
      .trim()
      .split(/[,\s]+/);
    at = end + 1;
    const key = cells[format.keyColumn - 1];
    if (key === undefined || key === '') continue;
    const size =
      format.sizeColumn > 0 ? Number(cells[format.sizeColumn - 1]) : sizeOf(textHash(key));
    const ttlSec = format.ttlColumn > 0 ? Number(cells[format.ttlColumn - 1]) : 0;
    if (Number.isNaN(size) || Number.isNaN(ttlSec)) {
      if (builder.requestCount === 0) continue; // a header
      throw new Error(`request ${builder.requestCount + 1}: no number in ${cells.join(' ')}`);
    }
    builder.add(key, size, ttlSec);
  }
}

function fileUnpack(path: string): Buffer {
  if (path.endsWith('.xz')) return execFileSync('xz', ['-dc', path], { maxBuffer: XZ_BYTES_MAX });
  const bytes = readFileSync(path);
  if (path.endsWith('.gz')) return gunzipSync(bytes);
  return bytes;
}

/** A number for a key that is text (FNV-1a). */
function textHash(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
