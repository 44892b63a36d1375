/**
 * Base64 as memcached has it for binary keys: bytes outside the alphabet are passed over, and the
 * first group with padding ends the key, whatever follows.
 * Spec: memcached/memcached base64.c; RFC 4648, section 4, but for that leniency.
 */
import { type Reply, replyByte } from '../reply.ts';

const ALPHABET = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/');
const PAD = 0x3d;
const NOT_IN_ALPHABET = 0xff;

/** Six bits for each byte; padding stands for zeros. */
const sextets = new Uint8Array(256).fill(NOT_IN_ALPHABET);
for (const [sextet, byte] of ALPHABET.entries()) sextets[byte] = sextet;
sextets[PAD] = 0;

/** Decodes bytes[start, end) to the start of target; returns how many bytes that gave, 0 for a fault. */
export function base64Decode(
  bytes: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
): number {
  if (lettersCount(bytes, start, end) % 4 !== 0) return 0;
  let written = 0;
  let group = 0;
  let letters = 0;
  let pads = 0;
  for (let at = start; at < end; at++) {
    const sextet = sextets[bytes[at]];
    if (sextet === NOT_IN_ALPHABET) continue;
    if (bytes[at] === PAD) pads++;
    group = (group << 6) | sextet;
    letters++;
    if (letters < 4) continue;
    target[written] = group >>> 16;
    target[written + 1] = group >>> 8;
    target[written + 2] = group;
    if (pads > 0) return pads > 2 ? 0 : written + 3 - pads;
    written += 3;
    letters = 0;
    group = 0;
  }
  return written;
}

function lettersCount(bytes: Uint8Array, start: number, end: number): number {
  let count = 0;
  for (let at = start; at < end; at++) if (sextets[bytes[at]] !== NOT_IN_ALPHABET) count++;
  return count;
}

/** Appends source[0, length) as base64, padded. The caller made room. */
export function replyBase64(reply: Reply, source: Uint8Array, length: number): void {
  for (let at = 0; at < length; at += 3) {
    const left = length - at;
    const group =
      (source[at] << 16) | (left > 1 ? source[at + 1] << 8 : 0) | (left > 2 ? source[at + 2] : 0);
    replyByte(reply, ALPHABET[group >>> 18]);
    replyByte(reply, ALPHABET[(group >>> 12) & 63]);
    replyByte(reply, left > 1 ? ALPHABET[(group >>> 6) & 63] : PAD);
    replyByte(reply, left > 2 ? ALPHABET[group & 63] : PAD);
  }
}
