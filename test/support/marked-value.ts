/**
 * Values that know whom they belong to and whether they are whole:
 *
 *   key ┆ ' ' ┆ version ┆ ' ' ┆ CRC-32 of the filler, 8 hex digits ┆ ' ' ┆ filler
 */
import { crc32 } from 'node:zlib';
import { randomMake } from '../../src/base/random.ts';

const FILLER_BYTES = 1 << 20;
const filler = fillerMake();

/** A value of about `byteCount` bytes: no less than its head. Versions differ in their filler. */
export function valueMake(key: string, version: number, byteCount: number): Buffer {
  const headBytes = key.length + 1 + `${version}`.length + 1 + 8 + 1;
  const body = Buffer.allocUnsafe(Math.max(0, byteCount - headBytes));
  let phase = Math.imul(version + 1, 7919) & (FILLER_BYTES / 2 - 1);
  for (let at = 0; at < body.length; phase = 0) at += filler.copy(body, at, phase);
  const sum = crc32(body).toString(16).padStart(8, '0');
  return Buffer.concat([Buffer.from(`${key} ${version} ${sum} `, 'latin1'), body]);
}

/** What is wrong with a value that was read under `key`; null when nothing is. */
export function valueFault(key: string, value: Buffer): string | null {
  const head = /^(\S+) (\d+) ([0-9a-f]{8}) /.exec(value.toString('latin1', 0, 300));
  if (head === null) return `no marked value: ${value.toString('latin1', 0, 100)}`;
  if (head[1] !== key) return `the value of another key: ${head[1]}`;
  const sum = crc32(value.subarray(head[0].length)).toString(16).padStart(8, '0');
  return sum === head[3] ? null : `version ${head[2]} is damaged`;
}

/** All byte values, line ends among them. */
function fillerMake(): Buffer {
  const random = randomMake(11);
  const words = new Uint32Array(FILLER_BYTES / 4);
  for (let at = 0; at < words.length; at++) words[at] = random();
  return Buffer.from(words.buffer);
}
