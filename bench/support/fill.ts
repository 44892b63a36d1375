/** Many items of one size, stored fast. */

import { randomBelow, randomMake } from './random.ts';
import { clientExchange, lineEndFind, type TextClient } from './text-client.ts';
import { valueWrite } from './value-bytes.ts';

const BATCH_COUNT = 256;
const LINE_BYTES_MAX = 64;
const TAIL = 'abcdefghijklmno';

/** `keyCount` different keys of 16 to 30 bytes, evenly spread. */
export function keysMake(keyCount: number, seed: number): readonly string[] {
  const random = randomMake(seed);
  return Array.from({ length: keyCount }, (_, keyId) => {
    const head = `k:${String(keyId).padStart(12, '0')}:`; // 15 bytes
    return head + TAIL.slice(0, 1 + randomBelow(random, 15));
  });
}

/** Sets every key to a value of its own; returns how many sets the server refused. */
export async function keysStore(
  client: TextClient,
  keys: readonly string[],
  valueBytes: number,
): Promise<number> {
  const request = Buffer.allocUnsafe(BATCH_COUNT * (valueBytes + 2 * LINE_BYTES_MAX));
  let refusedCount = 0;
  for (let first = 0; first < keys.length; first += BATCH_COUNT) {
    const end = Math.min(first + BATCH_COUNT, keys.length);
    let at = 0;
    for (let keyId = first; keyId < end; keyId++) {
      at += request.write(`set ${keys[keyId]} 0 0 ${valueBytes}\r\n`, at, 'latin1');
      at = valueWrite(request, at, keys[keyId], keyId, valueBytes);
      at += request.write('\r\n', at, 'latin1');
    }
    // The buffer is free again when all are answered, since the server has read all by then.
    await clientExchange(client, request.subarray(0, at), end - first, (bytes, offset, arrived) => {
      const next = lineEndFind(bytes, offset, arrived);
      if (next >= 0 && !storedIs(bytes, offset, next)) refusedCount++;
      return next;
    });
  }
  return refusedCount;
}

/** The reply line in bytes[offset, end) is STORED, the only one of its length and first letters. */
function storedIs(bytes: Buffer, offset: number, end: number): boolean {
  return end - offset === 8 && bytes[offset] === 0x53 && bytes[offset + 1] === 0x54;
}
