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
import { propertyMake, SALT } from './property.ts';
import { type Trace, TraceBuilder } from './trace.ts';

export interface TraceFormat {
  /** be32, be64, le32 or le64; empty: by the file's name. */
  readonly array: string;
  /** Columns of text, from 1; 0: there is none. */
  readonly keyColumn: number;
  readonly sizeColumn: number;
  /** Sizes for traces that have none; see property.ts. */
  readonly sizes: string;
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
  const builder = new TraceBuilder(propertyMake(format.sizes, SALT.size));
  const limit = format.requestCount || Number.POSITIVE_INFINITY;
  const name = basename(path).replace(/\.(?:gz|xz)$/, '');
  if (format.array !== '') arrayRead(bytes, format.array, builder, limit);
  else if (name.endsWith('.oracleGeneral.bin')) recordsRead(bytes, builder, limit);
  else textRead(bytes, format, builder, limit);
  if (builder.requestCount === 0) throw new Error(`${path}: no request in it`);
  return builder.build(name);
}

function recordsRead(bytes: Buffer, builder: TraceBuilder, limit: number): void {
  const end = bytes.length - RECORD.bytes;
  for (let at = 0; at <= end && builder.requestCount < limit; at += RECORD.bytes) {
    const key = bytes.readBigUInt64LE(at + RECORD.object).toString();
    builder.add(key, bytes.readUInt32LE(at + RECORD.size));
  }
}

function arrayRead(bytes: Buffer, kind: string, builder: TraceBuilder, limit: number): void {
  const integerRead = INTEGERS[kind];
  if (integerRead === undefined) throw new Error(`--array ${kind}: be32, be64, le32 or le64`);
  const width = kind.endsWith('32') ? 4 : 8;
  const end = bytes.length - width;
  for (let at = 0; at <= end && builder.requestCount < limit; at += width) {
    builder.add(integerRead(bytes, at).toString());
  }
}

function textRead(bytes: Buffer, format: TraceFormat, builder: TraceBuilder, limit: number): void {
  for (let at = 0; at < bytes.length && builder.requestCount < limit; ) {
    const lineEnd = bytes.indexOf(0x0a, at);
    const end = lineEnd < 0 ? bytes.length : lineEnd;
    const line = bytes.toString('latin1', at, end).trim();
    at = end + 1;
    const cells = line.split(/[,\s]+/);
    const key = cells[format.keyColumn - 1] ?? '';
    const size = format.sizeColumn > 0 ? Number(cells[format.sizeColumn - 1]) : undefined;
    if (Number.isNaN(size) && builder.requestCount > 0) {
      throw new Error(`request ${builder.requestCount + 1}: no size in ${line}`);
    }
    if (key !== '' && !Number.isNaN(size)) builder.add(key, size); // else a header or a blank line
  }
}

function fileUnpack(path: string): Buffer {
  if (path.endsWith('.xz')) return execFileSync('xz', ['-dc', path], { maxBuffer: XZ_BYTES_MAX });
  const bytes = readFileSync(path);
  return path.endsWith('.gz') ? gunzipSync(bytes) : bytes;
}
